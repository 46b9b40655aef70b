"""A mail server for tests: takes every mail and prints it as a line of JSON.

mail_sink.py PORT SECONDS [CERTIFICATE KEY]: waits SECONDS before it takes a mail; without a certificate it offers no STARTTLS.
"""

import asyncio
import json
import ssl
import sys
import threading
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller


class Printer:
    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(float(sys.argv[2]))
        message = message_from_bytes(envelope.content, policy=policy.default)
        print(json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": str(message["subject"]),
            "headers": "".join(f"{name}: {value}\n" for name, value in message.items()),
            "type": message.get_content_type(),
            "text": message.get_content(),
            "tls": session.ssl is not None,
        }), flush=True)
        return "250 OK"


context = None
if len(sys.argv) > 3:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
controller = Controller(Printer(), hostname="127.0.0.1", port=int(sys.argv[1]), tls_context=context, require_starttls=context is not None)
controller.start()
print("ready", flush=True)
threading.Event().wait()
