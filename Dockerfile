# The bot alone. Groups run on a Docker Engine beside it: mount its socket, and one volume for what the bot keeps.
#
#   docker run -d --name katabot --network host \
#     -v /var/run/docker.sock:/var/run/docker.sock --group-add "$(stat -c %g /var/run/docker.sock)" \
#     -v katabot:/var/lib/katabot katabot

# By tag, so that a rebuild takes Node's and Debian's fixes along; pin a digest where builds have to repeat.
FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The image brings Node; no script of a package runs; what only tests need stays out.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

# The program in one piece starts in half the time.
FROM packages AS built
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY test/build.mjs ./test/build.mjs
COPY src ./src
RUN node test/build.mjs

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="katabot" \
      org.opencontainers.image.description="Azure Container Instances that your team owns: git push a containergroup.yaml, get a running, isolated, priced container group." \
      org.opencontainers.image.licenses="MIT"

# git hosts the repositories; the certificates are for registries.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates git \
 && rm -rf /var/lib/apt/lists/* \
 # The bot's number is fixed, so that a volume keeps its owner over rebuilds.
 && useradd --system --user-group --uid 10001 --home-dir /var/lib/katabot --shell /usr/sbin/nologin katabot \
 && install -d -o katabot -g katabot -m 0750 /var/lib/katabot

WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE app.yml ./
COPY src ./src
COPY --from=built /app/dist ./dist
COPY templates ./templates

# Files of the program belong to root: what runs cannot change itself.
USER katabot
ENV NODE_ENV=production \
    KATABOT_DATA=/var/lib/katabot
VOLUME /var/lib/katabot
# The bot with its git door, and the edge in front of the groups.
EXPOSE 7070 7080

# The image has no curl, and Node asks as well. /healthz answers as soon as the books are open.
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7070/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

ENTRYPOINT ["node", "src/main.mjs"]
CMD ["serve"]
