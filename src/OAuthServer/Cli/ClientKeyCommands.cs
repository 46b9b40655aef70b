using System.Text;
using OAuthServer.Clients;
using OAuthServer.Protocol;

namespace OAuthServer.Cli;

/// <summary>clients keys: the public keys of clients that prove themselves by key.</summary>
internal static class ClientKeyCommands
{
    /// <summary>The remedy of a file that is no key set.</summary>
    public const string WhatToWrite = "Write a JWK set of public keys: {\"keys\": [{\"kty\": \"EC\", \"crv\": \"P-256\", …}]}";

    private const int MostBytes = 64 * 1024;

    public static CliCommand Make() => CliCommand.Family("keys", "See the public keys of a client, or have them fetched anew",
        "oauth-server clients keys show nightly-etl", Show(), Refresh());

    /// <summary>The text of a file; or what is wrong with it. No file: no text.</summary>
    public static string? Read(string? file, out string? jwks)
    {
        jwks = null;
        if (file is null) return null;
        try
        {
            if (new FileInfo(file) is { Exists: true, Length: > MostBytes }) return $"{file} is longer than a key set";
            jwks = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(file));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return $"{file} cannot be read";
        }

        return TypedJson.Flaw(jwks) is { } flaw ? $"{file}: {flaw}" : null;
    }

    private static CliCommand Show()
    {
        var id = ClientCommands.Id();
        return CliCommand.On("show", "Show a client's public keys, and when they were used and fetched",
            "oauth-server clients keys show nightly-etl", [id], async (parse, context, cancel) =>
        {
            if (await context.ClientQueries.FindAsync(parse.GetRequiredValue(id), cancel) is not { } client)
                return ClientCommands.Unknown(context, parse.GetRequiredValue(id));
            var list = await ClientKeyList.ReadAsync(client, context.KeySets, cancel);
            var text = list.Keys.Count == 0 ? $"{client.ClientId} has no keys here."
                : Words.Table(["KID", "ALGORITHM", "THUMBPRINT", "LAST USED"], list.Keys.Select(key => new[]
                {
                    key.Kid ?? "none", key.Algorithms, key.Thumbprint, Words.At(key.LastUsedAt) ?? "never",
                }));
            if (list.JwksUri is { } url)
                text += "\n\n" + Words.Properties(("fetched from", url), ("last fetched", Words.At(list.Fetched?.FetchedAt) ?? "never"),
                    ("fresh until", Words.At(list.Fetched?.FreshUntil)), ("failed", Words.At(list.Fetched?.FailedAt)),
                    ("why", list.Fetched?.Failure));
            return context.Output.Done(new
            {
                client_id = client.ClientId,
                jwks_uri = list.JwksUri,
                fetched_at = list.Fetched?.FetchedAt,
                fresh_until = list.Fetched?.FreshUntil,
                failed_at = list.Fetched?.FailedAt,
                failure = list.Fetched?.Failure,
                keys = list.Keys,
            }, text);
        });
    }

    private static CliCommand Refresh()
    {
        var id = ClientCommands.Id();
        return CliCommand.On("refresh", "Forget the fetched keys of a client on every server; the next use fetches them",
            "oauth-server clients keys refresh nightly-etl", [id], async (parse, context, cancel) =>
        {
            if (await context.ClientQueries.FindAsync(parse.GetRequiredValue(id), cancel) is not { } client)
                return ClientCommands.Unknown(context, parse.GetRequiredValue(id));
            if (ClientKeyList.SourceOf(client) is not { } source)
                return context.Output.Refuse($"{client.ClientId} has no keys at a URL",
                    $"See: oauth-server clients keys show {client.ClientId}");
            var (author, at) = context.Act();
            var dropped = await context.KeySets.DropAsync([source.Key], client.ClientId, author, at, cancel);
            return context.Output.Done(new { client_id = client.ClientId, jwks_uri = client.JwksUri, dropped = dropped > 0 },
                dropped > 0 ? $"The keys of {client.ClientId} are forgotten on every server. Its next use fetches {client.JwksUri}."
                : $"No keys of {client.ClientId} were kept. Its next use fetches {client.JwksUri}.");
        });
    }
}
