using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OAuthServer.Audit;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin.Audit;

/// <summary>
/// POST /admin/audit/export, format csv or json: what a search of the audit log finds, the newest first, at most <see cref="Most"/> rows,
/// sent as they are read. The log says who took it away. One at a time: each holds a connection until it is read.
/// </summary>
public sealed class AuditExportEndpoint(
    SignedInGate gate, AuditStore store, AuditLog audit, UserEdits users, TimeProvider time, ILogger<AuditExportEndpoint> log)
{
    /// <summary>So many rows go into one file.</summary>
    public const int Most = 100_000;

    // Who reads slowly must not hold a connection for hours.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);
    private int isUnderWay;

    public Task ExportAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (search, problems) = await AuditSearches.OfAsync(page.Parameters, users, http.Language(), http.RequestAborted);
        if (problems.Count > 0) await page.Done(AuditPage.Url(page.Parameters));
        else if (Interlocked.Exchange(ref isUnderWay, 1) == 1)
            await Refusals.RefuseAsync(http, OAuthError.TemporarilyUnavailable("another export is under way; they go one at a time"));
        else
        {
            try
            {
                await ExportAsync(page, search with { Limit = Most });
            }
            finally
            {
                Volatile.Write(ref isUnderWay, 0);
            }
        }
    });

    private async Task ExportAsync(PageRequest page, AuditSearch search)
    {
        var isJson = page.Parameters["format"] == "json";
        // By which fields it was narrowed, not to what: somebody may have pasted anything.
        var narrowed = AuditPage.Narrowed(page.Parameters);
        await audit.WriteAsync(new AuditRow
        {
            At = page.Context.At,
            RequestId = page.Context.RequestId,
            Event = AuditEvents.Export,
            Outcome = "ok",
            Actor = page.Author.Name,
            Address = page.Context.Address,
            Detail = $"audit log as {(isJson ? "JSON" : "CSV")}, {(narrowed.Length == 0 ? "all" : $"narrowed by {narrowed}")}",
        });
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(page.Http.RequestAborted);
        patience.CancelAfter(Longest);
        await using var rows = store.ExportAsync(search, patience.Token).GetAsyncEnumerator(patience.Token);
        // A fault until here is answered as any other.
        var isThere = await rows.MoveNextAsync();
        try
        {
            await SendAsync(page.Http.Response, rows, isThere, isJson, patience.Token);
        }
        catch (Exception fault)
        {
            // Part of a file must not look like all of it.
            page.Http.Abort();
            log.LogWarning("{RequestId}: the export ended early: {Reason}", page.Context.RequestId, VisibleText.Escape(fault.Message));
        }
    }

    private async Task SendAsync(
        HttpResponse response, IAsyncEnumerator<AuditRow> rows, bool isThere, bool isJson, CancellationToken cancel)
    {
        var name = $"audit-{time.GetUtcNow().UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}";
        response.NoStore();
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentDisposition = $"attachment; filename={name}.{(isJson ? "json" : "csv")}";
        response.ContentType = isJson ? "application/json" : "text/csv; charset=utf-8; header=present";
        await using var text = new StreamWriter(response.Body, new UTF8Encoding(false), leaveOpen: true);
        await text.WriteAsync(isJson ? "[" : AuditCsv.Head);
        for (var before = "\n"; isThere; isThere = await rows.MoveNextAsync(), before = ",\n")
            await text.WriteAsync((!isJson ? AuditCsv.Line(rows.Current)
                : before + JsonSerializer.Serialize(rows.Current, AuditJson.Default.AuditRow)).AsMemory(), cancel);
        if (isJson) await text.WriteAsync("\n]\n");
        await text.FlushAsync(cancel);
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditRow))]
internal sealed partial class AuditJson : JsonSerializerContext;
