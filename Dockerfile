# syntax=docker/dockerfile:1
# One image for the web server, the worker, the clock and migrations: what a container is, its command says.

FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

# Apart from the code, so that a change of code does not install anything again.
COPY requirements/production.txt requirements/
RUN python -m venv /venv \
    && /venv/bin/pip install --require-hashes --only-binary :all: -r requirements/production.txt

COPY manage.py ./
COPY config config
COPY templates templates
COPY apps apps
# The settings want to be complete. These values are for checks only and stay in this stage.
COPY deploy/check.env /tmp/
RUN set -a && . /tmp/check.env && set +a \
    && DJANGO_SETTINGS_MODULE=config.settings.production /venv/bin/python manage.py collectstatic --no-input \
    && /venv/bin/python -m compileall -q apps config


FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin app \
    && install -d -o 10001 -g 10001 -m 0750 /media /journal
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    BIND=0.0.0.0:8000 \
    MEDIA_FOLDER=/media/pictures \
    PROMETHEUS_MULTIPROC_DIR=/tmp/metrics
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /app /app

# By number, so that an orchestrator can see that it is not root. Nothing is written to but /tmp and,
# where pictures are kept on the machine (MEDIA_STORAGE=local), /media: a volume that web and worker share; and by senders
# to PUSH_JOURNAL, which is best a volume at /journal.
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
CMD ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
