# syntax=docker/dockerfile:1
# The server as an image: the binary, the C library and the certificates of the public authorities, no shell. It runs as
# a user without rights and writes to /data only, so the root file system may be read-only.
#
#   docker build -t basalt .
#   docker run --read-only --tmpfs /tmp -p 8090:8090 -v basalt:/data basalt

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --locked --profile dist --bin basalt \
    && install -D target/dist/basalt /out/basalt \
    && install -d /out/data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/basalt /usr/local/bin/basalt
COPY --from=build --chown=65532:65532 /out/data /data
ENV BASALT_DIR=/data \
    BASALT_SERVER__HTTP=0.0.0.0:8090 \
    BASALT_SERVER__PUBLIC_DIR=/data/public \
    BASALT_LOGS__FORMAT=json
WORKDIR /data
VOLUME /data
EXPOSE 8090
USER 65532:65532
# Whether the process answers; whether it would serve a write is for the load balancer to ask (/api/ready).
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --retries=3 CMD ["/usr/local/bin/basalt", "health"]
ENTRYPOINT ["/usr/local/bin/basalt"]
CMD ["serve"]
