# Two targets from one build: `cpu` (the default) and `gpu`.
#   docker build --target cpu --tag wirescribe:cpu .
#   docker build --target gpu --tag wirescribe:gpu .
# docs/docker.md tells how to run them.
ARG PYTHON_IMAGE=python:3.12-slim

# Packages and the wheel are made here; compilers and build tools never reach a target.
FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv /opt/build && python -m venv /opt/wirescribe
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN /opt/build/bin/pip install --no-deps --require-hashes --requirement requirements/build.txt \
    && /opt/wirescribe/bin/pip install --no-deps --require-hashes --requirement requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY streaming streaming
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/wirescribe/bin/pip install --no-deps --no-index --find-links /wheels wirescribe

# The GPU extra on top: cuBLAS 12 is all that CTranslate2 needs beside the driver.
FROM build AS build-gpu
COPY requirements/gpu.txt requirements/
RUN /opt/wirescribe/bin/pip install --no-deps --require-hashes --requirement requirements/gpu.txt \
    && ln -s "$(/opt/wirescribe/bin/python -c 'import nvidia.cublas as c; print(*c.__path__)')/lib" \
        /opt/wirescribe/cublas

# What both targets share. Everything that is written goes to /models, /jobs or /tmp, so the root file
# system can be read-only; HOME lies in /tmp for libraries that insist on one.
FROM ${PYTHON_IMAGE} AS runtime
RUN groupadd --gid 10001 wirescribe \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin wirescribe \
    && install -d -o 10001 -g 10001 /models \
    && install -d -o 10001 -g 10001 -m 700 /jobs
ENV PATH=/opt/wirescribe/bin:$PATH \
    HOME=/tmp \
    PIP_NO_CACHE_DIR=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    WIRESCRIBE_MODELS_DIR=/models \
    WIRESCRIBE_JOBS__FOLDER=/jobs \
    WIRESCRIBE_SERVER__HOST=0.0.0.0
WORKDIR /models
USER 10001:10001
VOLUME /models /jobs
EXPOSE 8000
STOPSIGNAL SIGTERM
# The first start fetches the model: it is given time before a failed probe counts.
HEALTHCHECK --interval=15s --timeout=8s --retries=3 --start-period=15m --start-interval=3s \
    CMD ["python", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ.get('WIRESCRIBE_SERVER__PORT', '8000')), timeout=7); c.request('GET', '/health'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["wirescribe"]
CMD ["serve"]

FROM runtime AS gpu
COPY --from=build-gpu /opt/wirescribe /opt/wirescribe
ENV LD_LIBRARY_PATH=/opt/wirescribe/cublas \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility

# Last, so that a build without --target makes it.
FROM runtime AS cpu
COPY --from=build /opt/wirescribe /opt/wirescribe
