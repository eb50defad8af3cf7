# syntax=docker/dockerfile:1
# Built in two steps: what compiles and downloads stays out of the image that runs.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/attestry \
 && /opt/attestry/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN /opt/attestry/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim-bookworm
RUN apt-get update \
 && apt-get install -y --no-install-recommends postgresql-client \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin attestry \
 && install -d -o attestry -g attestry -m 0700 /data
COPY --from=build /opt/attestry /opt/attestry
ENV PATH=/opt/attestry/bin:$PATH ATTESTRY_DATA_DIR=/data PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["attestry"]
CMD ["web", "--host", "0.0.0.0", "--behind-proxy"]
