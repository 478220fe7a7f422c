"""Makes tokens with independent tools and compares what keytrail tells of them. Called by
token-facts.sh: token_facts.py PROGRAM FOLDER."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import pathlib
import random
import re
import string
import subprocess
import sys
import urllib.parse

import botocore.session
import jwt
import pymacaroons
from azure.storage import blob as azure
from botocore.config import Config
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from google.cloud.storage import _signing as google_signing
from google.oauth2 import service_account
from pymacaroons.serializers import BinarySerializer

PROGRAM, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
NOW = "2030-06-01T00:00:00Z"
UTC = dt.timezone.utc
LATER = dt.datetime(2031, 1, 1, tzinfo=UTC)
EARLIER = dt.datetime(2029, 1, 1, tzinfo=UTC)

# Name of the file -> what the report must tell of the token in it.
EXPECTED = {}


def stamp(when):
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def at(when):
    return {"at": stamp(when)}


def put(name, text, rule, **facts):
    """Writes a file and remembers what is to be told; `rule` is the start of the rule's id."""
    EXPECTED[name] = (rule, facts)
    (FOLDER / name).write_text(text)


def run(*command, **options):
    done = subprocess.run(command, check=True, capture_output=True, text=True, **options)
    return done.stdout


def chosen(alphabet, length):
    return "".join(random.SystemRandom().choice(alphabet) for _ in range(length))


def alnum(length):
    return chosen(string.ascii_letters + string.digits, length)


def key(algorithm, bits=None, encrypted=None):
    facts = {"algorithm": algorithm, "bits": bits, "encrypted": encrypted}
    return {name: value for name, value in facts.items() if value is not None}


# --- private keys and certificates ---------------------------------------------------------------


def openssl_keys():
    def make(name, command, *arguments):
        run("openssl", command, "-out", str(FOLDER / name), *arguments)
        return (FOLDER / name).read_text()

    form = "private key"
    rsa = make("rsa.pem", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    put("rsa.pem", rsa, "private-key-pem", form=form, key=key("RSA", 2048, False))
    old = make("rsa-old.pem", "genrsa", "-traditional", "1024")
    put("rsa-old.pem", old, "private-key-pem", form=form, key=key("RSA", 1024, False))
    for curve, name, bits in [("prime256v1", "P-256", 256), ("secp384r1", "P-384", 384), ("secp521r1", "P-521", 521)]:
        text = make(f"{curve}.pem", "ecparam", "-name", curve, "-genkey", "-noout")
        put(f"{curve}.pem", text, "private-key-pem", form=form, key=key(f"ECDSA {name}", bits, False))
    for name, bits in [("Ed25519", 256), ("X25519", 256), ("Ed448", 456)]:
        text = make(f"{name}.pem", "genpkey", "-algorithm", name)
        put(f"{name}.pem", text, "private-key-pem", form=form, key=key(name, bits, False))
    locked = make("locked.pem", "genpkey", "-algorithm", "RSA", "-aes-256-cbc", "-pass", "pass:word")
    put("locked.pem", locked, "private-key-pem", form=form, key=key("", None, True),
        more={"cipher": "AES-256-CBC", "kdf": "PBKDF2"})
    text = make("scrypt.pem", "pkcs8", "-topk8", "-scrypt", "-v2", "aes-128-cbc", "-in", str(FOLDER / "rsa.pem"),
                "-passout", "pass:word")
    put("scrypt.pem", text, "private-key-pem", form=form, key=key("", None, True),
        more={"cipher": "AES-128-CBC", "kdf": "scrypt"})
    text = make("locked-old.pem", "genrsa", "-traditional", "-aes128", "-passout", "pass:word", "1024")
    put("locked-old.pem", text, "private-key-pem", form=form, key=key("RSA", None, True),
        more={"cipher": "AES-128-CBC"})
    put("base64.txt", "TLS_KEY=" + base64.b64encode(rsa.encode()).decode() + "\n", "private-key-pem",
        form=form, key=key("RSA", 2048, False))


def certificates():
    """A key with its certificate after it, and with one of another key before that."""
    def pair(name, algorithm, option, subject, days):
        own, cert = FOLDER / f"{name}.key", FOLDER / f"{name}.crt"
        run("openssl", "req", "-x509", "-newkey", algorithm, "-pkeyopt", option, "-nodes", "-days", str(days),
            "-subj", subject, "-addext", "subjectAltName=DNS:www.acme.example,IP:192.0.2.7,email:ops@acme.example",
            "-keyout", str(own), "-out", str(cert))
        texts = own.read_text(), cert.read_text()
        dates = run("openssl", "x509", "-in", str(cert), "-noout", "-dates")
        own.unlink(), cert.unlink()
        when = [dt.datetime.strptime(line.split("=", 1)[1], "%b %d %H:%M:%S %Y %Z").replace(tzinfo=UTC)
                for line in dates.splitlines()]
        return texts, when

    (_, other), _ = pair("other", "rsa:2048", "rsa_keygen_bits:2048", "/CN=Another", 10)
    for name, algorithm, option, told in [
        ("tls-rsa.pem", "rsa:2048", "rsa_keygen_bits:2048", key("RSA", 2048, False)),
        ("tls-ec.pem", "ec", "ec_paramgen_curve:P-256", key("ECDSA P-256", 256, False)),
    ]:
        (own, cert), (since, until) = pair(name, algorithm, option, "/O=Acme/CN=acme.example", 365)
        put(name, own + other + cert, "private-key-pem", form="private key", key=told, more={
            "certificate subject": "acme.example",
            "certificate issuer": "acme.example",
            "certificate names": "www.acme.example 192.0.2.7 ops@acme.example",
            "certificate not before": stamp(since),
            "certificate not after": stamp(until),
        })


def ssh_keys():
    for name, arguments, told in [
        ("ssh-ed25519", ["-t", "ed25519"], key("Ed25519", 256, False)),
        ("ssh-rsa", ["-t", "rsa", "-b", "3072"], key("RSA", 3072, False)),
        ("ssh-ecdsa", ["-t", "ecdsa", "-b", "521"], key("ECDSA P-521", 521, False)),
    ]:
        run("ssh-keygen", "-q", *arguments, "-N", "", "-C", f"{name}@acme", "-f", str(FOLDER / name))
        (FOLDER / f"{name}.pub").unlink()
        put(name, (FOLDER / name).read_text(), "private-key-openssh", form="OpenSSH private key",
            subject=f"{name}@acme", key=told)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "a passphrase", "-C", "hidden", "-f", str(FOLDER / "ssh-locked"))
    (FOLDER / "ssh-locked.pub").unlink()
    put("ssh-locked", (FOLDER / "ssh-locked").read_text(), "private-key-openssh", form="OpenSSH private key",
        key=key("Ed25519", 256, True), more={"cipher": "aes256-ctr", "kdf": "bcrypt"})


def gpg_keys():
    def gpg(*command):
        return run("gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", *command)

    for name, algorithm, ends, passphrase, told in [
        ("pgp-ed25519.asc", "ed25519", "20310101T000000", "", key("Ed25519", 256, False)),
        ("pgp-rsa.asc", "rsa2048", "never", "", key("RSA", 2048, False)),
        ("pgp-locked.asc", "nistp256", "20290101T000000", "word", key("ECDSA P-256", 256, True)),
    ]:
        user = f"{name} <ci@acme.example>"
        gpg("--passphrase", passphrase, "--quick-generate-key", user, algorithm, "sign", ends)
        text = gpg("--passphrase", passphrase, "--armor", "--export-secret-keys", user)
        listed = next(line for line in gpg("--with-colons", "--list-secret-keys", user).splitlines()
                      if line.startswith("sec")).split(":")
        made = dt.datetime.fromtimestamp(int(listed[5]), UTC)
        expires = at(dt.datetime.fromtimestamp(int(listed[6]), UTC)) if listed[6] else "never"
        facts = {"more": {"cipher": "AES-128"}} if passphrase else {}
        put(name, text, "private-key-pgp", form="OpenPGP secret key", subject=user, key=told, issued=stamp(made),
            expires=expires, revocable="by publishing a revocation certificate", **facts)


# --- tokens that hold their claims ---------------------------------------------------------------


def json_web_tokens():
    held = "not before it expires, unless its issuer keeps a deny list"
    claims = {
        "iss": "https://issuer.example", "sub": "ada", "aud": ["api", "web"], "iat": EARLIER, "nbf": EARLIER,
        "exp": LATER, "scope": "read:org write:repo", "roles": ["admin"], "tid": "tenant-7", "azp": "client-9",
        "jti": "id-1", "env": "production",
    }
    secret = alnum(64)
    token = jwt.encode(claims, secret, algorithm="HS256", headers={"kid": "key-1"})
    put("jwt.txt", f"token: {token}\n", "jwt-token", form="JWT (HS256)", environment="live", account="tenant-7",
        subject="ada", issuer="https://issuer.example", audience=["api", "web"],
        scopes=["read:org", "write:repo", "admin"], issued=stamp(EARLIER), not_before=stamp(EARLIER),
        expires=at(LATER), key=key("HS256"), revocable=held,
        more={"client": "client-9", "jti": "id-1", "kid": "key-1"})
    private = (FOLDER / "rsa.pem").read_text()
    token = jwt.encode({"sub": "x", "exp": EARLIER}, private, algorithm="RS256")
    put("jwt-expired.txt", f"token: {token}\n", "jwt-token", form="JWT (RS256)", subject="x", expires=at(EARLIER),
        key=key("RS256"), revocable=held)
    token = jwt.encode({"sub": "forever"}, secret, algorithm="HS512")
    put("jwt-forever.txt", f"token: {token}\n", "jwt-token", form="JWT (HS512)", subject="forever",
        expires="never", key=key("HS512"),
        revocable="only by changing the key that signed it, unless its issuer keeps a deny list")


def macaroons():
    def macaroon(location, version, caveats):
        made = pymacaroons.Macaroon(location=location, identifier="id-1", key=alnum(32), version=version)
        for caveat in caveats:
            made.add_first_party_caveat(caveat)
        return BinarySerializer().serialize(made).rstrip("=")

    two = pymacaroons.MACAROON_V2
    seconds = int(LATER.timestamp()), int(EARLIER.timestamp())
    token = "pypi-" + macaroon("pypi.org", two, [json.dumps([0, *seconds]), json.dumps([1, ["requests", "flask"]])])
    put("pypi.txt", f"password = {token}\n", "pypi-upload-token", form="API token", environment="live",
        issuer="pypi.org", scopes=["project:requests", "project:flask"], not_before=stamp(EARLIER),
        expires=at(LATER), more={"identifier": "id-1"})
    token = "pypi-" + macaroon("test.pypi.org", two, ['{"version": 1, "permissions": "user"}'])
    put("test-pypi.txt", f"password = {token}\n", "pypi-test-upload-token", form="API token", environment="test",
        issuer="test.pypi.org", scopes=["user"], expires="never", more={"identifier": "id-1"})
    token = macaroon("https://acme.example", pymacaroons.MACAROON_V1, ["account = 7", "time < 2031-01-01T00:00"])
    put("macaroon.txt", f"curl -H 'Authorization: Bearer {token}' https://acme.example\n", "generic-", form="macaroon (version 1)",
        issuer="https://acme.example", expires=at(LATER), more={"identifier": "id-1", "caveats": "account = 7"})


# --- AWS -----------------------------------------------------------------------------------------


def access_key_id(prefix, account):
    """The published layout: after the type, 80 bits of base32, 40 of them the account's number."""
    number = (1 << 79) | (account << 39) | random.SystemRandom().getrandbits(39)
    return prefix + base64.b32encode(number.to_bytes(10, "big")).decode()


def aws():
    account = 123456789012
    key_id, secret = access_key_id("AKIA", account), alnum(40)
    put("credentials", f"[default]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n",
        "aws-secret-access-key", form="long-term secret access key", account=str(account), expires="never")
    temporary = access_key_id("ASIA", account)
    put("temporary.txt", f"AWS_ACCESS_KEY_ID={temporary}\n", "aws-access-key-id", form="temporary access key id",
        account=str(account), revocable="by revoking the sessions of its role or user",
        more={"ends": "at the end of its session, at most 36 hours after it was issued"})

    def presigned(name, version, own_id, rule, form, seconds, revocable, token=None, **more):
        session = botocore.session.Session()
        session.set_credentials(own_id, secret, token)
        client = session.create_client("s3", region_name="eu-west-1", config=Config(signature_version=version))
        address = client.generate_presigned_url(
            "get_object", Params={"Bucket": "acme-backup", "Key": "db.sql"}, ExpiresIn=seconds)
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
        if "X-Amz-Date" in query:
            issued = dt.datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            facts = {"issued": stamp(issued), "expires": at(issued + dt.timedelta(seconds=int(query["X-Amz-Expires"])))}
            more["region"] = "eu-west-1"
        else:
            facts = {"expires": at(dt.datetime.fromtimestamp(int(query["Expires"]), UTC))}
        more["host"] = urllib.parse.urlsplit(address).hostname
        put(name, f'<a href="{address.replace("&", "&amp;")}">backup</a>\n', rule, form=form, account=str(account),
            revocable=revocable, more=more, **facts)

    four, two = "S3 presigned URL (Signature Version 4)", "S3 presigned URL (Signature Version 2)"
    key_only = "by deactivating the access key that signed it"
    presigned("presigned.html", "s3v4", key_id, "aws-presigned-url", four, 3600, key_only)
    presigned("presigned-session.html", "s3v4", temporary, "aws-presigned-url", four, 600,
              "by revoking the sessions of the role or user that signed it", token=alnum(200),
              ends="with the session of the temporary credentials that signed it, if that is earlier")
    presigned("presigned-v2.html", "s3-query", key_id, "aws-presigned-url-v2", two, 86400 * 3650, key_only)

    private = serialization.load_pem_private_key((FOLDER / "rsa.pem").read_bytes(), None)
    pair = "K" + chosen(string.ascii_uppercase + string.digits, 13)
    signer = CloudFrontSigner(pair, lambda text: private.sign(text, padding.PKCS1v15(), hashes.SHA1()))
    common = {"form": "CloudFront signed URL",
              "revocable": "by taking the public key out of the distribution's key group"}
    address = signer.generate_presigned_url("https://d1acme.cloudfront.net/film.mp4", date_less_than=LATER)
    put("cloudfront.txt", address + "\n", "aws-cloudfront-signed-url", expires=at(LATER),
        more={"host": "d1acme.cloudfront.net", "key pair id": pair}, **common)
    everything = "https://d1acme.cloudfront.net/*"
    policy = signer.build_policy(everything, LATER, date_greater_than=EARLIER, ip_address="192.0.2.0/24")
    address = signer.generate_presigned_url("https://d1acme.cloudfront.net/film.mp4", policy=policy)
    put("cloudfront-policy.txt", address + "\n", "aws-cloudfront-signed-url", expires=at(LATER),
        not_before=stamp(EARLIER), more={"host": "d1acme.cloudfront.net", "key pair id": pair,
                                         "resource": everything, "ip": "192.0.2.0/24"}, **common)


# --- Azure ---------------------------------------------------------------------------------------


def azure_signatures():
    account, account_key = "acmeprod", base64.b64encode(random.SystemRandom().randbytes(64)).decode()
    host = f"https://{account}.blob.core.windows.net"
    key_only = "only by rotating the account key that signed it"

    def version(query):
        return urllib.parse.parse_qs(query)["sv"][0]

    query = azure.generate_account_sas(
        account, account_key, azure.ResourceTypes(service=True, object=True),
        azure.AccountSasPermissions(read=True, write=True, list=True), LATER, start=EARLIER, protocol="https")
    put("account-sas.txt", f"url: {host}/?{query}\n", "azure-sas", form="account SAS", account=account,
        scopes=["account:read", "account:write", "account:list"], not_before=stamp(EARLIER), expires=at(LATER),
        revocable=key_only, more={"version": version(query), "protocol": "https", "services": "blob",
                                  "resource types": "service object"})
    query = azure.generate_blob_sas(
        account, "backup", "db.sql", account_key=account_key, expiry=EARLIER, ip="192.0.2.1-192.0.2.9",
        permission=azure.BlobSasPermissions(read=True, delete=True))
    put("service-sas.txt", f"{host}/backup/db.sql?{query}\n", "azure-sas", form="service SAS", account=account,
        scopes=["blob:read", "blob:delete"], expires=at(EARLIER), revocable=key_only,
        more={"version": version(query), "ip": "192.0.2.1-192.0.2.9"})
    query = azure.generate_container_sas(account, "backup", account_key=account_key, policy_id="readers")
    put("policy-sas.json", json.dumps({"url": f"{host}/backup?{query}"}), "azure-sas", form="service SAS",
        account=account, revocable="by its stored access policy readers",
        more={"version": version(query), "policy": "readers"})
    delegation = azure.UserDelegationKey()
    delegation.signed_oid, delegation.signed_tid = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
    delegation.signed_start, delegation.signed_expiry = "2029-12-31T00:00:00Z", "2030-12-31T00:00:00Z"
    delegation.signed_service, delegation.signed_version, delegation.value = "b", "2022-11-02", account_key
    query = azure.generate_container_sas(
        account, "backup", user_delegation_key=delegation, expiry=LATER,
        permission=azure.ContainerSasPermissions(read=True, list=True))
    put("user-sas.txt", f"{host}/backup?{query}\n", "azure-sas", form="user delegation SAS", account=account,
        subject=delegation.signed_oid, scopes=["container:read", "container:list"],
        expires={"at": delegation.signed_expiry},
        revocable="by revoking the user delegation keys of the storage account",
        more={"version": version(query), "tenant": delegation.signed_tid})
    # As Microsoft's page on Service Bus signs it; there is no client that only makes the text.
    resource, ends = urllib.parse.quote_plus("https://acme.servicebus.windows.net/orders"), int(LATER.timestamp())
    signature = hmac.new(account_key.encode(), f"{resource}\n{ends}".encode(), hashlib.sha256).digest()
    signature = urllib.parse.quote_plus(base64.b64encode(signature))
    text = f"SharedAccessSignature sr={resource}&sig={signature}&se={ends}&skn=send"
    put("service-bus.txt", f"Authorization: {text}\n", "azure-sas", form="Service Bus, Event Hubs or IoT Hub SAS",
        account="acme", subject="send", expires=at(LATER), revocable="only by rotating the key of the policy send",
        more={"resource": "https://acme.servicebus.windows.net/orders"})


# --- Google --------------------------------------------------------------------------------------


def google():
    mail, project = "ci@acme-prod.iam.gserviceaccount.com", "acme-prod"
    account = {
        "type": "service_account", "project_id": project, "private_key_id": alnum(40).lower(),
        "private_key": (FOLDER / "rsa.pem").read_text(), "client_email": mail, "client_id": "1" + chosen(string.digits, 20),
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    put("account.json", json.dumps(account, indent=2), "gcp-service-account-key", form="service account key",
        account=project, subject=mail, key=key("RSA", 2048, False),
        more={"key id": account["private_key_id"], "client id": account["client_id"]})
    credentials = service_account.Credentials.from_service_account_info(account)
    common = {"account": project, "subject": mail,
              "revocable": "by deleting the key of the service account that signed it"}
    more = {"host": "storage.googleapis.com"}
    address = google_signing.generate_signed_url_v4(credentials, "/acme/o", expiration=3600)
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
    issued = dt.datetime.strptime(query["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    put("google-v4.txt", address + "\n", "gcp-signed-url", form="Cloud Storage signed URL (V4)",
        issued=stamp(issued), expires=at(issued + dt.timedelta(hours=1)), more=more, **common)
    address = google_signing.generate_signed_url_v2(credentials, "/acme/o", expiration=LATER)
    put("google-v2.txt", "https://storage.googleapis.com" * (not address.startswith("http")) + address + "\n",
        "gcp-signed-url-v2", form="Cloud Storage signed URL (V2)", expires=at(LATER), more=more, **common)


# --- prefixes ------------------------------------------------------------------------------------


def prefixes():
    put("stripe.txt", "STRIPE=" + "sk_live_" + alnum(40) + "\n", "stripe-secret-key", form="secret key", environment="live")
    put("stripe-test.txt", "STRIPE=" + "rk_test_" + alnum(40) + "\n", "stripe-test-secret-key", form="restricted key",
        environment="test")
    workspace = "2384190571"
    put("slack.txt", f"SLACK=xoxb-{workspace}-3910284756120-{alnum(24)}\n", "slack-", form="bot token",
        account=f"workspace {workspace}")
    put("gitlab.txt", "TOKEN=" + "gldt-" + alnum(20) + "\n", "gitlab-deploy-token", form="deploy token")


def compare():
    done = subprocess.run([PROGRAM, "scan", "--no-config", "--now", NOW, "-f", "json", str(FOLDER)],
                          capture_output=True, text=True)
    if done.returncode != 1:
        sys.exit(f"the scan ended with {done.returncode}:\n{done.stderr}")
    report = json.loads(done.stdout)
    assert report["now"] == NOW, report["now"]
    findings = {}
    for finding in report["findings"]:
        for place in finding["locations"]:
            findings.setdefault(place["path"], []).append(finding)
    wrong = []
    for name, (rule, facts) in EXPECTED.items():
        # A rule's own name before a longer one that begins with it.
        found = sorted((one for one in findings.get(name, []) if one["rule"]["id"].startswith(rule)),
                       key=lambda one: len(one["rule"]["id"]))
        if not found:
            wrong.append(f"{name}: no finding of {rule}, but {[one['rule']['id'] for one in findings.get(name, [])]}")
            continue
        told = found[0].get("facts", {})
        for field in sorted({*facts, *told}):
            if told.get(field) != facts.get(field):
                wrong.append(f"{name}: {field} is {told.get(field)!r}, not {facts.get(field)!r}")
        end = facts.get("expires")
        if isinstance(end, dict):
            over = end["at"] <= NOW
            if found[0].get("expired") is not over:
                wrong.append(f"{name}: expired is {found[0].get('expired')!r}, not {over}")
            if over and found[0]["severity"] != "low":
                wrong.append(f"{name}: an expired token is {found[0]['severity']}")
    order = [finding.get("expired", False) for finding in report["findings"]]
    if order != sorted(order):
        wrong.append("expired tokens do not stand after the others")
    # Facts are claims in the clear: nothing of a key or a signature may be among them.
    told = json.dumps([finding.get("facts") for finding in report["findings"]])
    for word in re.findall(r"[A-Za-z0-9+/]{41,}", told):
        wrong.append(f"a word of {len(word)} characters among the facts")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"  {len(EXPECTED)} tokens tell what their makers put into them")


FOLDER.mkdir()
for make in [openssl_keys, certificates, ssh_keys, gpg_keys, json_web_tokens, macaroons, aws, azure_signatures,
             google, prefixes]:
    make()
compare()
