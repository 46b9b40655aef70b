// A registry on loopback with one image, dotnet/aspnet, made of one folder: for `dotnet publish /t:PublishContainer` where
// mcr.microsoft.com is not reached. Read only, and as much of the distribution specification as a pull needs.
//
//   node base-image.mjs LAYER.tar PORT_FILE SOCKET      the registry's port and a port that leads to the unix socket are written to PORT_FILE

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync, renameSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createProxy } from 'node:net';
import { gzipSync } from 'node:zlib';

const [layerFile, portFile, socket] = process.argv.slice(2);
const digest = bytes => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const tar = readFileSync(layerFile);
const layer = gzipSync(tar, { level: 1 });
const config = Buffer.from(JSON.stringify({
    architecture: 'amd64', os: 'linux', created: '2026-01-01T00:00:00Z',
    // As Microsoft's images have it; the publisher puts its own beside.
    config: { User: '1654', Env: ['PATH=/usr/bin:/bin', 'APP_UID=1654', 'ASPNETCORE_HTTP_PORTS=8080', 'DOTNET_RUNNING_IN_CONTAINER=true'] },
    rootfs: { type: 'layers', diff_ids: [digest(tar)] },
    history: [{ created_by: 'test/Ship' }],
}));
const kind = 'application/vnd.oci.image.manifest.v1+json';
const manifest = Buffer.from(JSON.stringify({
    schemaVersion: 2, mediaType: kind,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digest(config), size: config.length },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: digest(layer), size: layer.length }],
}));
const blobs = new Map([[digest(config), config], [digest(layer), layer]]);

const registry = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    const wanted = path.split('/').pop();
    const body = path.startsWith('/v2/dotnet/aspnet/manifests/') ? manifest
        : path.startsWith('/v2/dotnet/aspnet/blobs/') ? blobs.get(wanted)
        : path === '/v2/' ? Buffer.from('{}') : undefined;
    if (!body) { response.writeHead(404).end(); return; }
    response.writeHead(200, {
        'Content-Type': body === manifest ? kind : 'application/octet-stream', 'Content-Length': body.length,
        'Docker-Content-Digest': digest(body),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
});

// PostgreSQL of sql/cluster.sh listens on a socket that only its owner reaches.
const database = createProxy(client => {
    const server = connect(socket);
    client.on('error', () => server.destroy()).on('close', () => server.destroy());
    server.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.pipe(server).pipe(client);
});

registry.listen(0, '127.0.0.1', () => database.listen(0, '127.0.0.1', () => {
    writeFileSync(`${portFile}.new`, `${registry.address().port} ${database.address().port}\n`);
    renameSync(`${portFile}.new`, portFile);
}));
