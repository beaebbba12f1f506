"""Many who ask at the same time share one exchange, and each gets an answer of their own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from apps.notifications.providers.base import PushFailure


class Gathering[Question, Answer]:
    """What is asked within one turn of the loop goes together, up to `most` in an exchange. To be used on one loop.

    `exchange` returns an answer to each question in the same order, and raises what is said of all of them.
    """

    def __init__(
        self,
        exchange: Callable[[Sequence[Question]], Awaitable[Sequence[Answer | PushFailure]]],
        most: int,
    ) -> None:
        self._exchange, self._most = exchange, most
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        # The loop itself would forget them.
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, question: Question) -> Answer:
        """Ask with others, and return the answer or raise the failure that is for this question."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._go)
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((question, answer))
        return await answer

    def _go(self) -> None:
        waiting, self._waiting = self._waiting, []
        for at in range(0, len(waiting), self._most):
            part = waiting[at : at + self._most]
            self._tasks.add(task := asyncio.create_task(self._share(part)))
            task.add_done_callback(self._tasks.discard)

    async def _share(self, part: Sequence[tuple[Question, asyncio.Future[Answer]]]) -> None:
        said: Sequence[Answer | BaseException]
        try:
            said = await self._exchange([question for question, _ in part])
        except Exception as failure:
            said = [failure] * len(part)
        for (_, answer), one in zip(part, said, strict=True):
            if answer.done():
                continue
            if isinstance(one, BaseException):
                answer.set_exception(one)
            else:
                answer.set_result(one)
