using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OAuthServer.Audit;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin.Audit;

/// <summary>
/// POST /admin/audit/export, format csv or json: what a search of the audit log finds, the newest first, at most <see cref="Most"/> rows,
/// sent as they are read. The log says who took it away.
/// </summary>
public sealed class AuditExportEndpoint(SignedInGate gate, AuditStore store, AuditLog audit, UserEdits users, TimeProvider time)
{
    /// <summary>So many rows go into one file.</summary>
    public const int Most = 100_000;

    // Who reads slowly must not hold a connection for hours.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    public Task ExportAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (search, problems) = await AuditSearches.OfAsync(page.Parameters, users, http.Language(), http.RequestAborted);
        if (problems.Count > 0)
        {
            await page.Done(AuditPage.Url(page.Parameters));
            return;
        }

        var isJson = page.Parameters["format"] == "json";
        await audit.WriteAsync(new AuditRow
        {
            At = page.Context.At,
            RequestId = page.Context.RequestId,
            Event = AuditEvents.Export,
            Outcome = "ok",
            Actor = page.Author.Name,
            Address = page.Context.Address,
            Detail = $"audit log as {(isJson ? "JSON" : "CSV")}: {AuditPage.Url(page.Parameters)}",
        });
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        patience.CancelAfter(Longest);
        await SendAsync(http.Response, search with { Limit = Most }, isJson, patience.Token);
    });

    private async Task SendAsync(HttpResponse response, AuditSearch search, bool isJson, CancellationToken cancel)
    {
        var name = $"audit-{time.GetUtcNow().UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}";
        response.NoStore();
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentDisposition = $"attachment; filename={name}.{(isJson ? "json" : "csv")}";
        response.ContentType = isJson ? "application/json" : "text/csv; charset=utf-8; header=present";
        await using var text = new StreamWriter(response.Body, new UTF8Encoding(false), leaveOpen: true);
        await text.WriteAsync(isJson ? "[" : AuditCsv.Head);
        var written = 0;
        await foreach (var row in store.ExportAsync(search, cancel))
            await text.WriteAsync((!isJson ? AuditCsv.Line(row)
                : (written++ > 0 ? ",\n" : "\n") + JsonSerializer.Serialize(row, AuditJson.Default.AuditRow)).AsMemory(), cancel);
        if (isJson) await text.WriteAsync("\n]\n");
        await text.FlushAsync(cancel);
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditRow))]
internal sealed partial class AuditJson : JsonSerializerContext;
