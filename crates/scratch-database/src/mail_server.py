"""A mail server for the tests: aiosmtpd, of Debian's package python3-aiosmtpd.

Writes each mail that it takes into a folder, as JSON, decoded by Python's own mail
library. Says its port on standard output, and ends with standard input.

    mail_server.py FOLDER [--refuse N] [--auth USER:PASSWORD]
        [--tls CERTIFICATE KEY | --wrapped CERTIFICATE KEY]

With --tls a client has to begin with STARTTLS; with --wrapped TLS begins at once.
"""

import argparse
import asyncio
import json
import os
import ssl
import sys
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--refuse", type=int, default=0)
parser.add_argument("--auth")
parser.add_argument("--tls", nargs=2)
parser.add_argument("--wrapped", nargs=2)
options = parser.parse_args()


class Handler:
    def __init__(self):
        self.left = options.refuse
        self.number = 0

    async def handle_DATA(self, server, session, envelope):
        if self.left > 0:
            self.left -= 1
            return "451 4.3.0 not now"
        message = message_from_bytes(envelope.content, policy=policy.default)
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": message["subject"],
            "text": message.get_content(),
            "id": message["message-id"],
            "auto": message["auto-submitted"],
            "encrypted": server.transport.get_extra_info("sslcontext") is not None,
            "user": session.auth_data,
        }
        # Write to a draft first: a file is complete once it has its final name.
        draft = os.path.join(options.folder, "draft")
        with open(draft, "w", encoding="utf-8") as file:
            json.dump(mail, file)
        os.rename(draft, os.path.join(options.folder, f"{self.number:04}.json"))
        self.number += 1
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    user, password = options.auth.split(":", 1)
    is_right = (data.login, data.password) == (user.encode(), password.encode())
    if is_right:
        return AuthResult(success=True, auth_data=data.login.decode())
    # With `handled=False`, aiosmtpd answers 535.
    return AuthResult(success=False, handled=False)


async def main():
    handler = Handler()
    extra = {}
    if options.auth:
        extra.update(authenticator=authenticate, auth_required=True, auth_require_tls=bool(options.tls))
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
        extra.update(tls_context=context, require_starttls=True)
    wrapped = None
    if options.wrapped:
        wrapped = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        wrapped.load_cert_chain(*options.wrapped)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="localhost", loop=loop, **extra), "127.0.0.1", 0, ssl=wrapped
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


asyncio.run(main())
