// A host of client id documents on this computer: a certificate for localhost, and a list of authorities that has it beside those
// the system trusts, for the server that shall fetch from there (OpenSSL's SSL_CERT_FILE).
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const authorities = process.env.SSL_CERT_FILE ?? '/etc/ssl/certs/ca-certificates.crt';

export function certificate(folder) {
    mkdirSync(folder);
    const [key, cert, trust] = ['key.pem', 'cert.pem', 'trust.pem'].map(name => join(folder, name));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
        '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert], { stdio: 'pipe' });
    writeFileSync(trust, readFileSync(authorities, 'utf8') + readFileSync(cert, 'utf8'));
    return { key: readFileSync(key), cert: readFileSync(cert), trust };
}
