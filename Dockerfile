# psyql in an image without a shell: docker build -t psyql . && docker run --rm psyql -c "SELECT 1"
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
ARG COMMIT=unknown
RUN VERSION=$VERSION COMMIT=$COMMIT .ci/dist && mv dist/psyql_*/ /psyql && mkdir /work

# base has the C library, certificates and time zones; C++'s runtime is in the binary.
FROM gcr.io/distroless/base-debian12:nonroot
COPY --from=build /psyql/psyql /usr/local/bin/psyql
COPY --from=build /psyql/LICENSE /usr/local/share/doc/psyql/LICENSE
# The warehouse, scripts and psyql.yaml are mounted here. It belongs to nonroot, so
# that psyql demo runs without a mount, too.
COPY --from=build --chown=65532:65532 /work /work
WORKDIR /work
ENTRYPOINT ["/usr/local/bin/psyql"]
