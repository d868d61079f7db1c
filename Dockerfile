# Limpid in a container. The configuration is mounted; a server in a container binds to 0.0.0.0 and so needs a token.
#   docker build -t limpid .
#   docker run -p 8080:8080 -v ./limpid.yaml:/etc/limpid/limpid.yaml:ro -v ./recordings:/var/lib/limpid limpid
FROM node:20-bookworm-slim
WORKDIR /opt/limpid
COPY . .
# Installs the GStreamer packages and the npm packages, and builds.
RUN node src/cli/bootstrap/start.mjs --version && rm -rf /var/lib/apt/lists/* /root/.npm \
 && install -d -o node -g node /var/lib/limpid
USER node
ENV LIMPID_LOG=json
WORKDIR /var/lib/limpid
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/limpid/dist/cli/main.js"]
CMD ["run", "/etc/limpid/limpid.yaml"]
