# One image for the three production processes: migrate, api and worker (docker-compose.yml and deploy/kubernetes start
# each). It holds Node, the libraries that Node needs, and what the processes import: no shell, no npm.

# The version is the one of the "node" package in package.json; a test compares them.
FROM node:24.21.0-bookworm-slim AS base
WORKDIR /app
# Only the manifests decide what is installed, so a change of code reuses the installed layers.
COPY package.json package-lock.json .npmrc ./
COPY apps/admin/package.json apps/admin/
COPY apps/api/package.json apps/api/
COPY apps/standalone/package.json apps/standalone/
COPY apps/worker/package.json apps/worker/
COPY packages/client/package.json packages/client/
COPY packages/shared/package.json packages/shared/

# The packages of the running processes: no development tools, no embedded servers. Prisma's command line is a peer of
# its client, so "peer" and "optional" are left out too. Then the files go that no process loads.
FROM base AS dependencies
RUN npm ci --ignore-scripts --omit=dev --omit=optional --omit=peer --workspace=@waybill/api --workspace=@waybill/worker
COPY scripts/prune-modules.ts scripts/write-sbom.ts scripts/
RUN node scripts/prune-modules.ts node_modules && node scripts/write-sbom.ts /app /image

# Generates the Prisma client from the schema. Prisma's command line stays in this stage.
FROM base AS client
RUN npm ci --ignore-scripts --omit=optional
COPY prisma.config.ts ./
COPY prisma/schema.prisma prisma/
COPY scripts/generate-client.mjs scripts/
RUN node scripts/generate-client.mjs

# Builds the admin page: static files that the API serves. The build tools stay in this stage.
FROM base AS page
RUN npm ci --ignore-scripts --workspace=@waybill/admin
COPY tsconfig.json ./
COPY packages/shared/src/vocabulary packages/shared/src/vocabulary
COPY packages/shared/src/contract packages/shared/src/contract
COPY packages/client packages/client
COPY apps/admin apps/admin
RUN node node_modules/vite/bin/vite.js build apps/admin

# The root of the image: Node, its libraries by ldd, their licenses, and the entries by which scanners find them.
FROM base AS system
RUN mkdir -p /image/usr/local/bin /image/etc /image/var/lib/dpkg/status.d && mkdir -m 1777 /image/tmp \
 && cp /usr/local/bin/node /image/usr/local/bin/ \
 && for library in $(ldd /usr/local/bin/node | grep -o '/[^ ]*'); do cp --parents -L "$library" /image; done \
 && for package in libc6 libgcc-s1 libstdc++6; do \
      cp --parents "/usr/share/doc/$package/copyright" /image || exit 1; \
      dpkg-query --status "$package" > "/image/var/lib/dpkg/status.d/$package" || exit 1; \
    done \
 && cp /etc/os-release /image/etc/ \
 && grep -E '^(root|node):' /etc/passwd > /image/etc/passwd \
 && grep -E '^(root|node):' /etc/group > /image/etc/group \
 && echo 'hosts: files dns' > /image/etc/nsswitch.conf

FROM scratch
COPY --from=system /image /
COPY --from=dependencies /image /
ENV PATH=/usr/local/bin NODE_ENV=production WORKER_PORT=9090
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
COPY scripts/check-health.mjs scripts/
COPY prisma/migrations prisma/migrations
COPY packages/shared packages/shared
COPY --from=client /app/packages/shared/src/generated packages/shared/src/generated
COPY apps/api apps/api
COPY apps/worker apps/worker
COPY --from=page /app/apps/admin/dist apps/admin/dist
# The user "node", as a number, because Kubernetes must know that it is not root. The code belongs to root, so the
# processes can only read it. They write no files: the root file system may be read-only.
USER 1000:1000
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["node", "scripts/check-health.mjs"]
# Node is started directly, without npm, so that it receives the signals.
CMD ["node", "apps/api/src/main.ts"]
