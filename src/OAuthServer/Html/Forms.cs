using Microsoft.AspNetCore.Antiforgery;
using OAuthServer.Http;
using OAuthServer.Protocol;

namespace OAuthServer.Html;

/// <summary>
/// Only a page of ours, shown to this very browser or session, can post to us (CWE-352): the antiforgery token is bound to one of
/// the two, and a browser that says the form came from another site is believed.
/// </summary>
public sealed class Forms(IAntiforgery antiforgery)
{
    /// <summary>The name of the hidden field.</summary>
    internal const string FieldName = "antiforgery";

    /// <summary>The hidden field every form carries.</summary>
    /// <param name="owner">Hash of the session id, or of the browser's cookie, the form is for.</param>
    public Markup Field(HttpContext http, byte[] owner)
    {
        FormOwner.Set(http, owner);
        var tokens = antiforgery.GetAndStoreTokens(http);
        return $"<input type=\"hidden\" name=\"{FieldName}\" value=\"{tokens.RequestToken}\">";
    }

    /// <summary>The posted form, whole and of a page of ours; else the refusal.</summary>
    public async Task<Result<Parameters>> ReadAsync(HttpContext http, byte[]? owner)
    {
        if ((await http.FormAsync()).Refused(out var error, out var form)) return error;
        if (form.Problem() is { } malformed) return malformed;
        if (await RefusalAsync(http, owner) is { } forged) return forged;
        return form;
    }

    /// <summary>The refusal of a forged post, or null. The form has been read.</summary>
    public async Task<OAuthError?> RefusalAsync(HttpContext http, byte[]? owner)
    {
        if (Foreign(http) is { } foreign) return foreign;
        if (owner is not null)
        {
            FormOwner.Set(http, owner);
            if (await antiforgery.IsRequestValidAsync(http)) return null;
        }

        return OAuthError.InvalidRequest("This page has expired; open it again", "no antiforgery token, or another session's", "CWE-352",
            "the token of this session's form");
    }

    /// <summary>The refusal of a form whose browser says that another site sent it, or null.</summary>
    public static OAuthError? Foreign(HttpContext http) =>
        http.Request.Headers["Sec-Fetch-Site"].ToString() is "" or "same-origin" or "none"
            ? null
            : OAuthError.InvalidRequest("This form was sent from another website", "the form came from another site", "CWE-352",
                "Sec-Fetch-Site: same-origin", http.Request.Headers["Sec-Fetch-Site"].ToString()) with
            { Status = 403 };

    /// <summary>Names and cookie of ASP.NET Core's antiforgery.</summary>
    internal static void Configure(AntiforgeryOptions options, Settings settings)
    {
        options.FormFieldName = FieldName;
        options.HeaderName = "X-Antiforgery";
        options.SuppressXFrameOptionsHeader = true;
        options.Cookie =
            new HostCookie
            {
                Name = Cookies.Name("f", settings),
                HttpOnly = true,
                SameSite = SameSiteMode.Lax,
                Path = "/",
                IsEssential = true
            };
    }

    // SecurePolicy = Always would refuse to work over http, on loopback or behind a proxy that ends TLS; the browser is told Secure
    // all the same.
    private sealed class HostCookie : CookieBuilder
    {
        public override CookieOptions Build(HttpContext context, DateTimeOffset expiresFrom)
        {
            var options = base.Build(context, expiresFrom);
            options.Secure = true;
            return options;
        }
    }
}

/// <summary>Ties antiforgery tokens to who they are for.</summary>
internal sealed class FormOwner : IAntiforgeryAdditionalDataProvider
{
    public static void Set(HttpContext http, byte[] owner) => http.Items[typeof(FormOwner)] = Convert.ToHexStringLower(owner);

    public string GetAdditionalData(HttpContext context) => context.Items[typeof(FormOwner)] as string
        ?? throw new InvalidOperationException("a form without an owner");

    public bool ValidateAdditionalData(HttpContext context, string additionalData) =>
        context.Items[typeof(FormOwner)] is string owner && owner == additionalData;
}
