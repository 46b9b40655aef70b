using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OAuthServer.Audit;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin.Audit;

/// <summary>
/// /admin/audit/export?format=csv or json: what a search of the audit log finds, the newest first, at most
/// <see cref="Most"/> rows, sent as they are read.
/// </summary>
public sealed class AuditExportEndpoint(SignedInGate gate, AuditStore audit, UserEdits users, TimeProvider time)
{
    /// <summary>So many rows go into one file.</summary>
    public const int Most = 100_000;

    public Task ExportAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        var (search, problems) = await AuditSearches.OfAsync(page.Parameters, users, http.Language(), http.RequestAborted);
        if (problems.Count > 0)
        {
            await page.Done(AuditPage.Url(page.Parameters));
            return;
        }

        var isJson = page.Parameters["format"] == "json";
        var name = $"audit-{time.GetUtcNow().UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}";
        http.Response.NoStore();
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.ContentDisposition = $"attachment; filename={name}.{(isJson ? "json" : "csv")}";
        http.Response.ContentType = isJson ? "application/json" : "text/csv; charset=utf-8; header=present";
        await using var text = new StreamWriter(http.Response.Body, new UTF8Encoding(false), leaveOpen: true);
        await text.WriteAsync(isJson ? "[" : AuditCsv.Head);
        var written = 0;
        // Each part waits for PostgreSQL as a page does.
        DatabaseBudget.Begin();
        await foreach (var rows in audit.PagesAsync(search with { Limit = Most }, http.RequestAborted))
        {
            foreach (var row in rows)
                await text.WriteAsync(!isJson ? AuditCsv.Line(row)
                    : (written++ > 0 ? ",\n" : "\n") + JsonSerializer.Serialize(row, AuditJson.Default.AuditRow));
            await text.FlushAsync(http.RequestAborted);
            DatabaseBudget.Begin();
        }

        if (isJson) await text.WriteAsync("\n]\n");
        await text.FlushAsync(http.RequestAborted);
    });
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditRow))]
internal sealed partial class AuditJson : JsonSerializerContext;
