// Says how many installations fit what stands in the form, a moment after it changes.

document.addEventListener("DOMContentLoaded", () => {
  const line = document.querySelector("[data-count]");
  if (!line) return;
  const form = line.closest("form");
  const output = line.querySelector("output");
  let waiting, asked = 0;

  async function count() {
    const mine = ++asked;
    output.textContent = "…";
    const answer = await fetch(line.dataset.count, { method: "POST", body: new FormData(form) });
    const said = answer.ok ? await answer.json() : {};
    if (mine === asked) output.textContent = said.count ?? "?";
  }

  form.addEventListener("input", (event) => {
    if (!event.target.closest(".audience")) return;
    clearTimeout(waiting);
    waiting = setTimeout(count, 400);
  });
  count();
});
