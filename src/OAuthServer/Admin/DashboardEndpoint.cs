using System.Globalization;
using OAuthServer.Admin.Audit;
using OAuthServer.Admin.Providers;
using OAuthServer.Html;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Keys;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin;

/// <summary>/admin: how the server is doing. Reads only.</summary>
public sealed class DashboardEndpoint(
    SignedInGate gate, DashboardStore dashboard, SigningKeyStore keys, UserEdits users, FactorStore factors, ProviderTroubles troubles,
    Settings settings, TimeProvider time)
{
    private const int Days = 30;
    private const int Hours = 24;
    private const int MostSecrets = 20;
    private const int MostReuses = 10;
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);
    private static readonly TimeSpan Month = TimeSpan.FromDays(30);

    public Task ShowAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        var (now, cancel, say) = (time.GetUtcNow(), http.RequestAborted, http.Language());
        var thisHour = new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, 0, 0, TimeSpan.Zero);
        var firstDay = new DateTimeOffset(now.Year, now.Month, now.Day, 0, 0, 0, TimeSpan.Zero).AddDays(1 - Days);
        var known = await dashboard.HoursAsync(firstDay, cancel);
        var byHour = known.ToDictionary(hour => hour.Hour);
        var byDay = known.ToLookup(hour => hour.Hour.UtcDateTime.Date);
        var rows = await keys.ListAsync(cancel);
        var next = settings.KeyRotationDays > 0
            ? settings.SigningAlgorithms.Min(alg => KeyLine.Newest(alg, rows))?.AddDays(settings.KeyRotationDays) : null;

        await http.DashboardAsync(page.NavigationOf(Paths.Admin), new DashboardView
        {
            Now = now,
            WithoutSecondFactor = settings.SecondFactor == "off" ? [] : await factors.AdministratorsWithoutAsync(cancel),
            Figures = await dashboard.FiguresAsync(now - Week, now, cancel),
            Hours = [.. Enumerable.Range(1 - Hours, Hours).Select(back => Hour(thisHour.AddHours(back)))],
            Days = [.. Enumerable.Range(0, Days).Select(day => Day(firstDay.AddDays(day)))],
            Secrets = await dashboard.ExpiringAsync(now - Month, now + Month, now, MostSecrets, cancel),
            Keys = [.. from row in rows
                       where row.RetiredAt is null && KeyLine.GoneAt(row, rows) is { } gone && gone > now && gone <= now + Month
                       select new LeavingKey(row.Kid, KeyLine.GoneAt(row, rows)!.Value)],
            NextKey = next <= now + Month ? next : null,
            Troubles = await troubles.SectionAsync(say, cancel),
            Reuses = await users.NameAsync(await dashboard.ReusesAsync(now - Month, MostReuses, cancel), cancel),
        });

        ChartColumn Hour(DateTimeOffset at) => new(
            at.ToString("HH:mm", CultureInfo.InvariantCulture), at.ToString("HH:mm", CultureInfo.InvariantCulture),
                byHour.GetValueOrDefault(at)?.Issued ?? 0, byHour.GetValueOrDefault(at)?.Refused ?? 0);

        ChartColumn Day(DateTimeOffset at) => new(
            say.Day(at), say.DayAndMonth(at), byDay[at.UtcDateTime].Sum(hour => hour.Issued),
                byDay[at.UtcDateTime].Sum(hour => hour.Refused));
    });
}
