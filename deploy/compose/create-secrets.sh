#!/bin/sh
# Creates the secrets of docker-compose.yml: one file per service in deploy/compose/secrets, readable by you only.
# Existing secrets stay as they are. No service gets a secret that it does not use.
set -eu
umask 077
cd "$(dirname "$0")"
if [ -d secrets ]; then
  echo "The secrets exist already: deploy/compose/secrets"
  exit 0
fi

random() { openssl rand -hex 24; }
owner=$(random) app=$(random) valkey=$(random) s3=$(random) metrics=$(random) key=$(random)
grafana=$(random) keycloak=$(random) admin=$(random) exporter=$(random)
webhooks=$(openssl rand -base64 32)

# Written beside the final place, so that a run that is interrupted leaves no half of the secrets.
rm -rf secrets.new
mkdir secrets.new
write() { printf '%s\n' "$@" > "secrets.new/$file.env"; }

file=postgres; write "POSTGRES_PASSWORD=$owner" "WAYBILL_APP_PASSWORD=$app"
file=valkey; write "VALKEY_PASSWORD=$valkey"
file=s3; write "ROOT_SECRET_ACCESS_KEY=$s3"
file=migrate; write "DATABASE_URL=postgres://waybill:$owner@postgres:5432/waybill"
file=api; write \
  "DATABASE_URL=postgres://waybill_app:$app@postgres:5432/waybill" \
  "REDIS_URL=redis://:$valkey@valkey:6379" \
  "S3_SECRET_ACCESS_KEY=$s3" \
  "WEBHOOK_SECRET_KEYS=$webhooks" \
  "METRICS_TOKEN=$metrics" \
  "BOOTSTRAP_API_KEY=$key"
file=worker; write \
  "DATABASE_URL=postgres://waybill_app:$app@postgres:5432/waybill" \
  "REDIS_URL=redis://:$valkey@valkey:6379" \
  "S3_SECRET_ACCESS_KEY=$s3" \
  "WEBHOOK_SECRET_KEYS=$webhooks" \
  "METRICS_TOKEN=$metrics"
file=prometheus; write "METRICS_TOKEN=$metrics"
file=grafana; write "GF_SECURITY_ADMIN_PASSWORD=$grafana"
file=keycloak; write \
  "KC_BOOTSTRAP_ADMIN_PASSWORD=$keycloak" \
  "REALM_ADMIN_PASSWORD=$admin" \
  "REALM_EXPORTER_PASSWORD=$exporter"

mv secrets.new secrets
echo "Created deploy/compose/secrets. The administrator's API key is BOOTSTRAP_API_KEY in api.env."
