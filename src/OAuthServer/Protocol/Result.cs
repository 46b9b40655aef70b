using System.Diagnostics.CodeAnalysis;

namespace OAuthServer.Protocol;

/// <summary>A value, or the refusal that stands in its place.</summary>
public readonly struct Result<T> where T : notnull
{
    private readonly T? value;
    private readonly OAuthError? error;

    private Result(T? value, OAuthError? error) => (this.value, this.error) = (value, error);

    /// <summary>True when refused: then <paramref name="refusal"/> says why, else <paramref name="granted"/> is the value.</summary>
    public bool Refused([NotNullWhen(true)] out OAuthError? refusal, [NotNullWhen(false)] out T? granted)
    {
        (refusal, granted) = (error, value);
        return error is not null;
    }

    internal static Result<T> Granted(T value) => new(value, null);

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(OAuthError error) => new(default, error);
}

/// <summary>Makes a result of a value whose type is an interface, where C# allows no conversion.</summary>
public static class Result
{
    public static Result<T> Of<T>(T value) where T : notnull => Result<T>.Granted(value);
}
