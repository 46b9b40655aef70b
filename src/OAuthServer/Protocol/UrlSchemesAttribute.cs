using System.ComponentModel.DataAnnotations;

namespace OAuthServer.Protocol;

/// <summary>Empty, or an absolute URL of one of these schemes.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class UrlSchemesAttribute(params string[] schemes) : ValidationAttribute
{
    public IReadOnlyList<string> Schemes => schemes;

    public override bool IsValid(object? value) =>
        value is "" || (value is string url && Uri.TryCreate(url, UriKind.Absolute, out var read) && schemes.Contains(read.Scheme));
}
