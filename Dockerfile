# A router in a container: docker build -t wsocket . && docker run -p 8080:8080 wsocket
# It serves docker/router.toml; mount a file of your own in its place:
# docker run -p 8080:8080 -v ./router.toml:/etc/wsocket/router.toml:ro wsocket

# This image has a compiler; the next one only gets what was made with it.
FROM python:3.13 AS build
ARG HOME_OF_WSOCKET=/opt/wsocket
COPY . /source
RUN python -m venv "$HOME_OF_WSOCKET"
RUN "$HOME_OF_WSOCKET/bin/python" -m pip install --quiet --no-cache-dir \
    "/source[auth,cbor,client,metrics]"

FROM python:3.13-slim
ARG HOME_OF_WSOCKET=/opt/wsocket
COPY --from=build $HOME_OF_WSOCKET $HOME_OF_WSOCKET
COPY docker/router.toml /etc/wsocket/router.toml
ENV PATH="$HOME_OF_WSOCKET/bin:$PATH" PYTHONUNBUFFERED=1
RUN wsocket check /etc/wsocket/router.toml

# No user of the machine; it owns nothing here, and needs to write nothing.
USER 10001:10001
EXPOSE 8080
# The port and the path of docker/router.toml.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["python", "-c", \
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
# On SIGTERM it lets calls end, for graceful_timeout at most; `docker stop -t` says how
# long it may.
CMD ["wsocket", "router", "/etc/wsocket/router.toml"]
