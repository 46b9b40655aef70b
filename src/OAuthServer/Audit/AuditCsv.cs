using System.Globalization;
using OAuthServer.Stores.Audit;

namespace OAuthServer.Audit;

/// <summary>Rows of the audit log as RFC 4180 says, and so that no spreadsheet computes what somebody sent.</summary>
public static class AuditCsv
{
    /// <summary>The names of the columns.</summary>
    public const string Head =
        "at,request_id,event,outcome,client_id,subject,grant_id,jti,address,actor,error,rule,reason,expected,got,detail\r\n";

    /// <summary>One row, with the end of its line.</summary>
    public static string Line(AuditRow row) => string.Join(',', new[]
    {
        row.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), row.RequestId, row.Event, row.Outcome,
        row.ClientId, row.Subject, row.GrantId?.ToString(), row.Jti, row.Address, row.Actor, row.Error, row.Rule, row.Reason, row.Expected,
        row.Got, row.Detail,
    }.Select(Cell)) + "\r\n";

    // A cell that begins so is a formula to spreadsheets (CWE-1236): an apostrophe before it makes it text.
    private static string Cell(string? value)
    {
        if (string.IsNullOrEmpty(value)) return "";
        var text = value[0] is '=' or '+' or '-' or '@' or '\t' or '\r' or '\n' ? "'" + value : value;
        return text.AsSpan().ContainsAny(",\"\r\n") || text != value ? $"\"{text.Replace("\"", "\"\"")}\"" : text;
    }
}
