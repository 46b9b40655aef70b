// Alice at her browser: headless Chromium with a fresh profile. She reads the pages, types into their fields and presses their
// buttons; nothing is posted behind their back.
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { freePort } from './world.mjs';

const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];

export async function openBrowser() {
    const profile = mkdtempSync(join(tmpdir(), 'oauth-chromium-'));
    const context = await chromium.launchPersistentContext(profile, { executablePath: '/usr/bin/chromium', headless: true, args: quiet, locale: 'en-GB' });
    const close = async () => { await context.close(); rmSync(profile, { recursive: true, force: true }); };

    /** Opens an authorization URL and goes on until the browser is sent away from the server; says where to, and what was seen. */
    async function authorize(url, press = 'Allow') {
        const page = await context.newPage();
        try {
            await page.goto(String(url));
            return await goThrough(page, new URL(url).origin, press);
        } finally {
            await page.close();
        }
    }

    /** Signs in, if need be, and presses the button, until the page has left the server. */
    async function goThrough(page, server, press = 'Allow') {
        const saw = [];
        while (page.url().startsWith(server + '/')) {
            if (saw.length === 5) throw new Error('Alice is sent around in circles');
            saw.push(await page.getByRole('heading', { level: 1 }).innerText());
            const password = page.getByLabel('Password');
            const button = page.getByRole('button', { name: press, exact: true });
            if (await password.isVisible()) {
                await page.getByLabel('Username').fill('alice');
                await password.fill('alice-demo-password');
                await leave(page, page.getByRole('button', { name: 'Sign in', exact: true }));
            } else if (await button.isVisible()) {
                saw.push(await page.locator('main').innerText());
                await leave(page, button);
            } else {
                throw new Error(`Alice cannot go on from ${page.url()}:\n${await page.locator('body').innerText()}`);
            }
        }
        return { landed: new URL(page.url()), saw };
    }

    return { authorize, goThrough, context, close };
}

async function leave(page, button) {
    await Promise.all([page.waitForNavigation({ waitUntil: 'load', timeout: 60_000 }), button.click()]);
}

/** Where a native client waits for its answer: http://HOST:PORT/PATH on loopback (RFC 8252 §7.3). */
export async function listen(path = '/callback', host = '127.0.0.1', page = '<p>Thank you. You can close this window.') {
    const port = await freePort();
    const server = http.createServer((request, response) => {
        response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
    });
    await new Promise(resolve => server.listen(port, host, resolve));
    server.unref();
    return { port, redirectUri: `http://${host}:${port}${path}`, close: () => { server.closeAllConnections(); server.close(); } };
}
