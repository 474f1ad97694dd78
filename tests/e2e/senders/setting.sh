# Old senders post to https://api.hipchat.com, as docs/how-to/operators/old-senders.md has it.
#
# Run by test_old_senders.py, as root of namespaces of its own: whatever is changed here below
# /etc and /usr/local/share, and whatever is called api.hipchat.com, is so for this script alone.
set -eu
senders=$1

ip link set lo up
mount -t tmpfs tmpfs /mnt
for place in etc usr/local/share; do
    changes=/mnt/$place
    mkdir -p "$changes/upper" "$changes/work"
    mount -t overlay overlay -o "lowerdir=/$place,upperdir=$changes/upper,workdir=$changes/work" "/$place"
done

# On the server.
hipkit admin ca hipchat.com > made.txt
hipkit admin ca api.hipchat.com example.hipchat.com > made.txt
hipkit serve --db chat.db --host 127.0.0.1 --port 443 \
    --tls-cert hipkit-ca/server.pem --tls-key hipkit-ca/server-key.pem > served.txt &
server=$!
trap 'kill $server; wait $server || true' EXIT
until [ -s served.txt ]; do
    kill -0 $server
    sleep 0.1
done
hipkit admin --db chat.db room add 'Dev Ops' > made.txt
echo 0123456789abcdef0123456789abcdef01234567 |
    hipkit admin --db chat.db token add --room 'Dev Ops' --name old --value - > made.txt
export TOKEN=0123456789abcdef0123456789abcdef01234567

# On the machine with the sender: the name, and trust.
echo '127.0.0.1 api.hipchat.com example.hipchat.com' >> /etc/hosts
if curl --silent https://api.hipchat.com/health; then
    echo 'curl trusted an authority that it was not told of' >&2
    exit 1
fi
mkdir -p /usr/local/share/ca-certificates
cp hipkit-ca/ca.pem /usr/local/share/ca-certificates/hipkit.crt
update-ca-certificates > updated.txt 2>&1

# The senders. Each says what it posted with.
posted() {
    echo "$1"
}
fail='--silent --show-error --fail'
curl $fail -d room_id='Dev Ops' -d from=Nagios -d message='curl v1' \
    "https://api.hipchat.com/v1/rooms/message?format=json&auth_token=$TOKEN" > answer.txt
posted 'curl v1'
curl $fail -H 'Content-Type: application/json' -d '{"message": "curl v2"}' \
    "https://api.hipchat.com/v2/room/Dev%20Ops/notification?auth_token=$TOKEN"
posted 'curl v2'
curl $fail -H 'Content-Type: application/json' -d '{"message": "curl, a company"}' \
    "https://example.hipchat.com/v2/room/Dev%20Ops/notification?auth_token=$TOKEN"
posted 'curl, a company'
if command -v wget > found.txt; then
    wget --quiet --output-document=answer.txt --post-data='room_id=Dev Ops&from=cron&message=wget' \
        "https://api.hipchat.com/v1/rooms/message?auth_token=$TOKEN"
    posted wget
fi
REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt python "$senders/requests_sender.py"
posted requests
SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt python "$senders/urllib_sender.py"
posted urllib
if command -v node > found.txt; then
    NODE_EXTRA_CA_CERTS=$PWD/hipkit-ca/ca.pem node "$senders/node_sender.js"
    posted node
fi
if command -v keytool > found.txt && command -v javac > found.txt; then
    keytool -importcert -noprompt -alias hipkit -file hipkit-ca/ca.pem \
        -keystore trusted.p12 -storepass changeit > keytool.txt 2>&1
    java -Djavax.net.ssl.trustStore=trusted.p12 -Djavax.net.ssl.trustStorePassword=changeit \
        "$senders/JavaSender.java"
    posted java
fi

# The authority is good for its own names only.
if curl --silent --resolve www.hipchat.com:443:127.0.0.1 https://www.hipchat.com/health; then
    echo 'the certificate was taken for another name' >&2
    exit 1
fi

curl $fail -H "Authorization: Bearer $(cat chat.db.admin-token)" \
    'https://api.hipchat.com/v2/room/Dev%20Ops/history' > history.json
