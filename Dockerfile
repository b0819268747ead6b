# The image of the operator: the bundle on any image that has Node 24 as `node`. Nothing is built or fetched in here:
#   npm run bundle && docker build --build-arg BASE_IMAGE=<image with Node 24> --tag roundsman .
ARG BASE_IMAGE=node:24-slim
FROM ${BASE_IMAGE}
COPY LICENSE /app/LICENSE
COPY dist/ /app/
# As the chart runs it; no name of a user is needed, and none may exist in the base.
USER 65532:65532
EXPOSE 9797
# --disable-proto: no text from outside reaches a prototype. --enable-source-maps: a defect shows where it broke in the source.
ENTRYPOINT ["node", "--disable-proto=delete", "--enable-source-maps", "/app/main.mjs"]
CMD ["operator"]
