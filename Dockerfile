# The service in a container: alone with "up" (the default), or one part of a cluster, such as
# "distributor worker --queue email". See docker-compose.yml.
FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/distributor
WORKDIR /build
COPY requirements.lock ./
RUN /opt/distributor/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY config config
COPY templates templates
COPY distributor distributor
RUN /opt/distributor/bin/pip install --no-deps .

FROM python:3.12-slim
RUN useradd --system --create-home --home-dir /srv/distributor --uid 10001 distributor \
    && install -d -o distributor -g distributor -m 711 /srv/distributor/var \
    && install -d -o distributor -g distributor -m 700 /srv/distributor/mail
COPY --from=build /opt/distributor /opt/distributor
ENV PATH=/opt/distributor/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DISTRIBUTOR_SITE__DATA_DIR=/srv/distributor/var
USER distributor
WORKDIR /srv/distributor
VOLUME /srv/distributor/var
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["distributor", "up", "--host", "0.0.0.0"]
