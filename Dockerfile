# One image for the three production processes: migrate, api and worker (docker-compose.yml starts each).

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
# its client, so "peer" and "optional" are left out too.
FROM base AS dependencies
RUN npm ci --ignore-scripts --omit=dev --omit=optional --omit=peer --workspace=@waybill/api --workspace=@waybill/worker

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

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY prisma/migrations prisma/migrations
COPY packages/shared packages/shared
COPY --from=client /app/packages/shared/src/generated packages/shared/src/generated
COPY apps/api apps/api
COPY apps/worker apps/worker
COPY --from=page /app/apps/admin/dist apps/admin/dist
# The code belongs to root, so the processes can only read it.
USER node
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 8080) + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node is started directly, without npm, so that it receives the signals.
CMD ["node", "apps/api/src/main.ts"]
