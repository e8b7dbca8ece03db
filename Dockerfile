# syntax=docker/dockerfile:1
# Three stages: TypeScript to JavaScript, production dependencies, and an image that holds only those two.

FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No install scripts: the image's own Node is used, not the one of the npm package `node`.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:26-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:26-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY policies/core.wasm policies/core.manifest.json ./policies/
# Nothing is written at run time, so the root file system may be mounted read-only.
USER node
EXPOSE 8181
# Without curl, which the slim image lacks. Liveness only: readiness is for whoever sends traffic.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8181/health/live').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
# The configuration names callers: beyond loopback audgate starts only with some.
CMD ["serve", "--config", "/etc/audgate/config.yaml"]
