#!/bin/sh
# Makes the secrets that compose.yaml names, once. They are as secret as this directory.
set -eu
cd "$(dirname "$0")"
[ ! -e secrets ] || { echo "there are secrets already" >&2; exit 1; }
random() { head -c 24 /dev/urandom | base64 | tr -d '/+=\n'; }
mkdir -m 700 secrets
password=$(random)
random >secrets/postgres_password
printf %s "$password" >secrets/basalt_password
printf %s "postgres://basalt:$password@postgres:5432/basalt" >secrets/database_url
printf '{"identities":[{"name":"basalt","credentials":[{"accessKey":"%s","secretKey":"%s"}],"actions":["Admin","Read","Write","List","Tagging"]}]}\n' \
    "$(random)" "$(random)" >secrets/s3_config
# The users inside of the containers read them; the directory keeps others out.
chmod 444 secrets/*
