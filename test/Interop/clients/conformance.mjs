// The MCP project's own conformance suite. Its exit code is 0 even when a scenario was skipped, so its checks are read instead.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/world.mjs';

export const name = '@modelcontextprotocol/conformance';
export const did = '`authorization` with every scenario it has, for an issuer without and with a path';

const program = new URL('../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url).pathname;
const ids = ['authorization-code-grant', 'authorization-server-metadata', 'authorization-server-metadata-cimd'];

export async function run(check, { issuer, pathIssuer, resource, browser }) {
    await check(`${issuer.replace(/\d+$/, 'PORT')}, every check SUCCESS`, () => suite(issuer, resource, browser));
    await check(`${pathIssuer.replace(/\d+/, 'PORT')}, every check SUCCESS`, () => suite(pathIssuer, 'http://localhost:9000/mcp', browser));
}

async function suite(url, resource, browser) {
    const results = mkdtempSync(join(tmpdir(), 'oauth-conformance-'));
    const port = await freePort();
    const child = spawn(process.execPath, [program, 'authorization', '--url', url, '--client-id', 'claude-desktop', '--port', port, '--resource', resource, '-o', results]);
    let said = '';
    let opened;
    const listen = data => {
        said += data;
        // The suite prints the address a person shall open.
        const address = said.match(new RegExp(`${url}/authorize\\?\\S+(?=\\s)`));
        if (address) opened ??= browser.authorize(address[0]);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    const code = await new Promise(resolve => child.on('exit', resolve));
    try {
        await opened;
        assert.equal(code, 0);
        const files = readdirSync(results, { recursive: true }).filter(file => file.endsWith('checks.json'));
        const checks = files.flatMap(file => JSON.parse(readFileSync(join(results, file))));
        assert.deepEqual(checks.filter(one => one.status !== 'SUCCESS'), []);
        assert.deepEqual(checks.map(one => one.id).sort(), ids);
    } catch (error) {
        console.log(said);
        throw error;
    } finally {
        rmSync(results, { recursive: true });
    }
}
