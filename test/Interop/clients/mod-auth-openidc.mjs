// Apache's mod_auth_openidc as Debian ships it, with PKCE: a page behind a sign-in, and its end by back-channel logout.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { registerApp } from '../support/apps.mjs';
import { debianVersion } from '../support/report.mjs';
import { freePort } from '../support/world.mjs';

export const name = 'mod_auth_openidc';
export const version = debianVersion('libapache2-mod-auth-openidc');
export const did = 'Apache with `OIDCPKCEMethod S256`: a person signs in and the page knows who; signing out at the server ends the session in Apache by back-channel logout, without the browser';

export async function run(check, { issuer, local, browser }) {
    const port = await freePort();
    const url = `http://localhost:${port}`;
    const app = registerApp(local, issuer, {
        id: 'apache', redirectUri: `${url}/secure/callback`, signedOutUri: `${url}/`, logoutUri: `${url}/secure/callback?logout=backchannel`,
    });
    const apache = await serve(port, url, issuer, app);
    const page = await browser.context.newPage();
    try {
        const who = async () => (await page.goto(`${url}/secure/`)).headers()['x-user'];
        await check('a person signs in and the page knows who', async () => {
            await page.goto(`${url}/secure/`);
            if (page.url().startsWith(issuer)) await browser.goThrough(page, issuer);
            assert.equal(await who(), 'alice@example.com');
        });
        await check('signing out at the server ends the session in Apache within ten seconds', async () => {
            await page.goto(`${issuer}/logout`);
            await page.getByRole('button', { name: 'Sign out' }).click();
            // Apache sends the browser to the server again, where nobody is signed in.
            for (let tries = 0; tries < 20; tries++) {
                await page.goto(`${url}/secure/`);
                if (page.url().startsWith(`${issuer}/login`)) return;
                await wait(500);
            }
            assert.fail(`still signed in: ${apache.log()}`);
        });
    } finally {
        await page.close();
        await apache.end();
    }
}

async function serve(port, url, issuer, app) {
    const home = mkdtempSync(join(tmpdir(), 'oauth-apache-'));
    mkdirSync(join(home, 'htdocs/secure'), { recursive: true });
    for (const at of ['htdocs/index.html', 'htdocs/secure/index.html']) writeFileSync(join(home, at), '<!DOCTYPE html><title>Apache</title><p>Apache');
    const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'dir', 'headers', 'auth_openidc'];
    writeFileSync(join(home, 'httpd.conf'), `
${modules.map(one => `LoadModule ${one}_module /usr/lib/apache2/modules/mod_${one}.so`).join('\n')}
ServerRoot ${home}
ServerName localhost
PidFile ${home}/pid
ErrorLog ${home}/error.log
User www-data
Group www-data
Listen 127.0.0.1:${port}
Listen [::1]:${port}
DocumentRoot ${home}/htdocs
DirectoryIndex index.html
OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCClientID ${app.id}
OIDCClientSecret ${app.secret}
OIDCRedirectURI ${url}/secure/callback
OIDCCryptoPassphrase "a passphrase of this test"
OIDCScope "openid email"
OIDCPKCEMethod S256
OIDCRemoteUserClaim email
<Location /secure/>
    AuthType openid-connect
    Require valid-user
    Header always set X-User "expr=%{REMOTE_USER}"
</Location>
`);
    const child = spawn('chmod', ['-R', 'a+rX', home]);
    await new Promise(resolve => child.on('exit', resolve));
    const program = spawn('setpriv', ['--pdeathsig', 'TERM', '/usr/sbin/apache2', '-f', join(home, 'httpd.conf'), '-DFOREGROUND'], { stdio: 'inherit' });
    const log = () => readFileSync(join(home, 'error.log'), 'utf8');
    for (let tries = 0; !await fetch(url).catch(() => null); tries++) {
        if (tries === 100 || program.exitCode !== null) throw new Error(`Apache is not there: ${log()}`);
        await wait(100);
    }

    return {
        log,
        end: async () => {
            const ended = new Promise(resolve => program.on('exit', resolve));
            program.kill('SIGTERM');
            await ended;
            rmSync(home, { recursive: true, force: true });
        },
    };
}
