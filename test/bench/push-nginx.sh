#!/bin/sh
# Pushes a restored test picture to nginx with Debian's libnginx-mod-rtmp and reads it back with ffprobe.
#   apt-get install nginx libnginx-mod-rtmp && npm run build && test/bench/push-nginx.sh [port]
# Prints codec, width and height of what nginx plays; exit code 1 when it plays nothing.
set -eu
port=${1:-19350}
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
cat > "$work/nginx.conf" <<END
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; master_process off; error_log $work/error.log; pid $work/pid;
events {}
rtmp { server { listen 127.0.0.1:$port; application live { live on; } } }
END
nginx -c "$work/nginx.conf" -e "$work/start.log" &
nginx=$!
node "$root/dist/cli/main.js" run --source test:ball --model bypass --port 0 --push "rtmp://127.0.0.1:$port/live/key" &
limpid=$!
trap 'kill -INT $limpid; wait $limpid || true; kill $nginx; wait $nginx || true; rm -rf "$work"' EXIT
for _ in 1 2 3 4 5 6; do
  sleep 2
  if timeout 15 ffprobe -v error -show_entries stream=codec_name,width,height -of csv=p=0 "rtmp://127.0.0.1:$port/live/key" | grep .; then
    exit 0
  fi
done
exit 1
