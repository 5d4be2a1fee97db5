# syntax=docker/dockerfile:1
# The image of the controller: one static binary on distroless. `docker build -t rolewright:0.1.0 .`
# amd64 is what the tests run (`make image`); arm64 builds by the same file on a machine of that kind, and is not tested.

ARG RUST=1.94.1
FROM rust:${RUST}-bookworm AS build
ARG AUDITABLE=0.7.7
RUN cargo install --locked --version "${AUDITABLE}" cargo-auditable
WORKDIR /src
# Dependencies are a layer of their own: they change with the lock file only.
COPY Cargo.toml Cargo.lock ./
COPY crates/iam/Cargo.toml crates/iam/
COPY tests/harness/Cargo.toml tests/harness/
COPY tests/image/build.sh tests/image/
RUN mkdir -p src crates/iam/src tests/harness/src \
 && echo 'fn main() {}' >src/main.rs \
 && touch src/lib.rs crates/iam/src/lib.rs tests/harness/src/lib.rs \
 && tests/image/build.sh
COPY src src
COPY crates crates
# Cargo goes by time stamps, and the copied files may be older than the empty ones.
RUN touch src/main.rs src/lib.rs crates/iam/src/lib.rs && install -D "$(tests/image/build.sh)" /out/rolewright

# Certificates of the public authorities, and nothing that runs.
FROM gcr.io/distroless/static-debian12:nonroot
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="rolewright" \
      org.opencontainers.image.description="A Kubernetes controller that keeps AWS IAM roles as written" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build --chmod=0555 /out/rolewright /rolewright
# For glibc's allocator: one heap, and large buffers apart from it, as a sweep needs them for each page. Else what stays of ten
# thousand new roles keeps twice its size from the system, in the holes between (`make bench`).
ENV MALLOC_ARENA_MAX=1
ENV MALLOC_MMAP_THRESHOLD_=65536
ENV MALLOC_TRIM_THRESHOLD_=65536
# By number, so that `runAsNonRoot` can be checked.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/rolewright"]
CMD ["controller"]
