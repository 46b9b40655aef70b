using OAuthServer.Admin.Clients;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin.Users;

/// <summary>/admin/user/profile: what apps may be told of a person.</summary>
public sealed class ProfileEndpoint(SignedInGate gate, ProfileEdits edits)
{
    public Task OpenAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        if (await FindAsync(page, page.Parameters["subject"]) is { } profile) await ShowAsync(page, profile, Form(profile));
        else await SignedInGate.NotFoundAsync(page);
    });

    public Task SaveAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (parameters, cancel) = (page.Parameters, http.RequestAborted);
        if (await FindAsync(page, parameters["key"]) is not { } before)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var edit = new RowEdit<Profile>
        {
            Row = before with
            {
                Name = Text("name"),
                GivenName = Text("given_name"),
                FamilyName = Text("family_name"),
                Locale = Text("locale"),
                Email = Text("email"),
                // Ticked for the address that stood there: another one was not shown to be theirs.
                EmailVerified = parameters["email_verified_at"] is not null && (!before.EmailVerified || Text("email") == before.Email),
                Groups = [.. Lines(parameters["groups"])],
                Version = parameters["version"] ?? "",
            },
            Restore = (one, column) => column switch
            {
                "email" => one with { Email = before.Email, EmailVerified = before.EmailVerified },
                "email_verified_at" => one with { EmailVerified = before.EmailVerified },
                "groups" => one with { Groups = before.Groups },
                _ => one,
            },
        };
        var judged = await edits.SaveAsync(edit, page.Author, page.Context.At, cancel);
        var form = new RowForm
        {
            Key = $"{before.Subject}",
            Version = parameters["version"],
            Values = name => parameters[name],
            Problems = judged.Refusals.DistinctBy(one => one.Column ?? "")
                .ToDictionary(one => one.Column ?? "", one => http.Language().Refusal(one)),
        };
        if (form.Problems.Count > 0) await ShowAsync(page, before, form);
        else if (judged.Outcome == EditOutcome.Done)
            await page.Done($"{Paths.AdminUser}?subject={before.Subject}&{Notice.Field}={Notice.Saved}");
        else
            await ShowAsync(page, before, form with { Version = before.Version, Meanwhile = Form(before).Values });

        string? Text(string name) => parameters[name]?.Trim() is { Length: > 0 } text ? text : null;
    });

    private static IEnumerable<string> Lines(string? text) =>
        (text ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct();

    private static RowForm Form(Profile profile) => new()
    {
        Key = $"{profile.Subject}",
        Version = profile.Version,
        Values = name => name switch
        {
            "name" => profile.Name,
            "given_name" => profile.GivenName,
            "family_name" => profile.FamilyName,
            "locale" => profile.Locale,
            "email" => profile.Email,
            "email_verified_at" => profile.EmailVerified ? "yes" : null,
            "groups" => string.Join('\n', profile.Groups),
            _ => null,
        },
    };

    private async Task<Profile?> FindAsync(PageRequest page, string? subject) =>
        Guid.TryParse(subject, out var id) ? await edits.FindAsync(id, page.Http.RequestAborted) : null;

    private static Task ShowAsync(PageRequest page, Profile profile, RowForm form)
    {
        var (http, say) = (page.Http, page.Http.Language());
        var settings = http.RequestServices.GetRequiredService<Settings>();
        var fields = new Fields(say, form.Values, form.Problems);
        Markup inputs = $"""
            {fields.Text("name", "Full name")}
            <div class="columns">{fields.Text("given_name", "First name")}{fields.Text("family_name", "Last name")}</div>
            {fields.Text("locale", "Language", "Such as en, ar or pt-BR")}
            {fields.Text("email", "E-mail address", type: "email")}
            {fields.Check("email_verified_at", say["The address was shown to be theirs"])}
            {fields.Lines("groups", "Groups", "One a line")}
            """;
        (string, string)[] columns =
        [
            ("name", say["Full name"]), ("given_name", say["First name"]), ("family_name", say["Last name"]), ("locale", say["Language"]),
            ("email", say["E-mail address"]), ("groups", say["Groups"]),
        ];
        return http.PageAsync(form.Status, form.Status == 200 ? say["Edit a profile"] : say["Error: Edit a profile"], $"""
            <h1>{say.Put("Profile of {0}", $"<bdi>{profile.Username}</bdi>")}</h1>
            <p>{say["Apps are told of it what the user allows."]}</p>
            {fields.Summary()}
            {form.Overtaken(columns, say)}
            <form method="post" action="{settings.IssuerPath + Paths.AdminUserProfile}">
            {page.Antiforgery}{form.Hidden}
            {inputs}
            <div class="actions"><button class="primary" type="submit">{say["Save"]}</button>
                <a class="button"
                    href="{settings.IssuerPath}{Paths.AdminUser}?subject={profile.Subject.ToString()}">{say["Cancel"]}</a></div>
            </form>
            """, page.NavigationOf(Paths.AdminUsers));
    }
}
