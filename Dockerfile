# hipkit's server in a container. Untried: no container engine runs where hipkit is built.
# See docs/how-to/operators/operate.md.
FROM python:3.13-slim AS build
WORKDIR /build
COPY . .
RUN python -m venv /opt/hipkit \
    && /opt/hipkit/bin/pip install --no-cache-dir '.[relay,metrics]'

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin hipkit \
    && install --directory --owner=hipkit --group=hipkit --mode=0700 /data
COPY --from=build /opt/hipkit /opt/hipkit
ENV PATH=/opt/hipkit/bin:$PATH \
    PYTHONUNBUFFERED=1
USER hipkit
WORKDIR /data
VOLUME /data
EXPOSE 8070
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8070/health', timeout=4)"]
ENTRYPOINT ["hipkit", "serve", "--db", "/data/hipkit.db", "--host", "0.0.0.0"]
