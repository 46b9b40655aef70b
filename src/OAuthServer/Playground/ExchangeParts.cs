using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;

namespace OAuthServer.Playground;

/// <summary>The parts of an exchange on a page: the request, the answer, the token in it, the rows it left in the audit log.</summary>
public static class ExchangeParts
{
    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What will be sent, each parameter in words.</summary>
    public static Markup Announced(PlaygroundRequest ask, Language say) => $"""
        <h2>{ask.Says(say)}</h2>
        <p><code>{ask.Method} {ask.Url}</code></p>
        {Credentials(ask, say)}
        {Meanings(say["Parameters"],
            ask.Parameters.Select(one => (one.Name, (Markup)$"<bdi>{one.Value}</bdi>", Glossary.Parameter(one.Name, say))), say)}
        """;

    /// <summary>The request octet for octet, and the same for a terminal.</summary>
    public static Markup Request(PlaygroundRequest ask, Language say)
    {
        Markup curl = ask.Method == "GET" ? Markup.None
            : $"""<details><summary>{say["The same in a terminal"]}</summary><pre>{Curl(ask)}</pre></details>""";
        return $"""<h3>{say["Request"]}</h3><pre>{Wire(ask)}</pre>{curl}""";
    }

    /// <summary>The answer as it came.</summary>
    public static Markup Answer(Exchange exchange, Language say)
    {
        var kind = exchange.Status < 400 ? "yes" : "no";
        var lines = new StringBuilder();
        foreach (var (name, value) in exchange.Headers) lines.Append(CultureInfo.InvariantCulture, $"{name}: {value}\n");
        if (exchange.Body.Length > 0) lines.Append('\n').Append(Pretty(exchange.Body));
        return $"""
            <h3>{say["Response"]}
                <span class="mark {kind}"><bdi>{exchange.Status} {ReasonPhrases.GetReasonPhrase(exchange.Status)}</bdi></span></h3>
            <pre>{lines.ToString().TrimEnd()}</pre>
            """;
    }

    /// <summary>A JWT taken apart (RFC 7519 §3); nothing for what is no JWT.</summary>
    /// <param name="open">Whether it is shown unfolded.</param>
    public static Markup Token(string? token, bool open, Language say)
    {
        if (token?.Split('.') is not [var header, var claims, _]) return Markup.None;
        Markup unfolded = open ? $" open" : Markup.None;
        return $"""
            <details{unfolded}><summary>{say["Contents of the access token"]}</summary>
            <p>
                {say["Anyone can read it, but no one can change it: the third part is a signature over the first two. The public keys are at /jwks."]}
            </p>
            {Meanings(say["Header"], Members(header, say).Select(one => (one.Name, one.Value, Glossary.Header(one.Name, say))), say)}
            {Meanings(say["Claims"], Members(claims, say).Select(one => (one.Name, one.Value, Glossary.Claim(one.Name, say))), say)}
            </details>
            """;
    }

    /// <summary>A claim of the access token in the answer, unverified; null without one.</summary>
    public static string? Claim(Exchange exchange, string name) =>
        exchange["access_token"]?.Split('.') is [_, var claims, _] ? Decode(claims).GetValueOrDefault(name).ToString() : null;

    private static Dictionary<string, JsonElement> Decode(string part) => JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(
        Base64Url.DecodeFromChars(part))!;

    /// <summary>What the log kept; of a refusal, the private reason beside the public words.</summary>
    public static Markup Audit(Exchange exchange, Language say)
    {
        Markup nothing = exchange.Audit.Count == 0
            ? $"""
                <p class="note">{(exchange.Request.Url.EndsWith(Paths.Introspect, StringComparison.Ordinal)
                    ? say["No entry: APIs introspect tokens so often that only refusals are recorded."]
                    : say["No entry for this request."])}</p>
                """
            : Markup.None;
        return $"""<h3>{say["In the audit log"]}</h3>{nothing}{exchange.Audit.Select(row => Row(row, exchange, say))}""";
    }

    private static Markup Row(AuditRow row, Exchange exchange, Language say)
    {
        Markup told = row.Outcome == "refused"
            ? $"""
                <div><dt>{say["Sent to the client"]}</dt>
                    <dd><code>{row.Error}</code>: <bdi lang="en">{exchange["error_description"]}</bdi></dd></div>
                """
            : Markup.None;
        return $"""
            <dl class="facts kept">
            <div><dt>{say["Event"]}</dt>
                <dd><code>{row.Event}</code> <span class="mark {(row.Outcome == "ok" ? "yes" : "no")}">{(row.Outcome == "ok"
                    ? say["allowed"] : say["refused"])}</span></dd></div>
            <div><dt>{say["When"]}</dt><dd>{say.Time(row.At)}</dd></div>
            {Fact(say["Client"], row.ClientId)}{Fact(say["Subject"], row.Subject)}{told}
            {English(say["Internal reason"], row.Reason)}{English(say["Rule"], row.Rule)}
            {English(say["Expected"], row.Expected)}{English(say["Received"], row.Got)}{English(say["Detail"], row.Detail)}
            </dl>
            """;
    }

    private static Markup Fact(
        string name, string? value) => value is null ? Markup.None : $"<div><dt>{name}</dt><dd><bdi>{value}</bdi></dd></div>";

    // The log is kept in English (WCAG 3.1.2).
    private static Markup English(
        string name, string? value) => value is null ? Markup.None : $"""<div><dt>{name}</dt><dd><bdi lang="en">{value}</bdi></dd></div>""";

    private static Markup Credentials(PlaygroundRequest ask, Language say) => ask.Client is var (id, secret)
        ? $"<p>{say.Put("{0} authenticates with its secret, {1}, in the Authorization header (HTTP Basic, {2}).",
            $"<code>{id}</code>", $"<code>{secret}</code>", $"<bdi>RFC 6749 §2.3.1</bdi>")}</p>"
        : Markup.None;

    private static Markup Meanings(string caption,
        IEnumerable<(string Name, Markup Value, (string Words, string Rule) Meaning)> rows, Language say) => $"""
        <table class="meanings">
        <caption>{caption}</caption>
        <thead><tr><th scope="col">{say["Name"]}</th><th scope="col">{say["Value"]}</th><th scope="col">{say["Meaning"]}</th></tr></thead>
        <tbody>
        {rows.Select(row => Row(row.Name, row.Value, row.Meaning, say))}
        </tbody>
        </table>
        """;

    private static Markup Row(string name, Markup value, (string Words, string Rule) meaning, Language say) => $"""
        <tr><th scope="row"><code>{name}</code></th><td data-label="{say["Value"]}">{value}</td>
            <td data-label="{say["Meaning"]}">{meaning.Words} <span class="rule"><bdi>{meaning.Rule}</bdi></span></td></tr>
        """;

    private static IEnumerable<(string Name, Markup Value)> Members(string part, Language say) => Decode(part).Select(member =>
        (member.Key, member.Key is "iat" or "exp" && member.Value.TryGetInt64(out var seconds)
            ? (Markup)$"<bdi>{member.Value.ToString()}</bdi> ({say.Time(DateTimeOffset.FromUnixTimeSeconds(seconds))})"
            : (Markup)$"<bdi>{member.Value.ToString()}</bdi>"));

    private static string Wire(PlaygroundRequest ask)
    {
        var url = new Uri(ask.FullUrl);
        var text = new StringBuilder($"{ask.Method} {url.PathAndQuery} HTTP/1.1\nHost: {url.Authority}");
        if (ask.Authorization is { } authorization) text.Append("\nAuthorization: ").Append(authorization);
        if (ask.Method == "POST") text.Append("\nContent-Type: application/x-www-form-urlencoded\n\n").Append(ask.Encoded);
        return text.ToString();
    }

    private static string Curl(PlaygroundRequest ask)
    {
        var text = new StringBuilder("curl -i");
        if (ask.Client is var (id, secret)) text.Append(" -u ").Append(Quoted($"{id}:{secret}"));
        foreach (var (name, value) in ask.Parameters) text.Append(" \\\n  --data-urlencode ").Append(Quoted($"{name}={value}"));
        return text.Append(" \\\n  ").Append(Quoted(ask.Url)).ToString();
    }

    private static string Quoted(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static string Pretty(string body)
    {
        using var json = JsonDocument.Parse(body);
        return JsonSerializer.Serialize(json.RootElement, Indented);
    }
}
