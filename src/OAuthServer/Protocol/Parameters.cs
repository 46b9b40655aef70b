namespace OAuthServer.Protocol;

/// <summary>
/// The parameters of one request (RFC 6749 §3.1, §3.2): an empty value is an absent one, a repeated one is an error (but
/// resource, RFC 8707 §2), and text that PostgreSQL or a log could not hold is malformed.
/// </summary>
public sealed class Parameters
{
    // The first value of each name that has one, and an empty text where none has.
    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);
    private List<string>? repeated;
    private List<string>? resources;

    /// <summary>Takes name and value pairs in the order they came, already decoded.</summary>
    public Parameters(IEnumerable<(string Name, string Value)> pairs)
    {
        foreach (var (name, value) in pairs) Add(name, value);
    }

    /// <summary>None yet.</summary>
    public Parameters()
    {
    }

    /// <summary>Takes one more pair, already decoded.</summary>
    public void Add(string name, string value)
    {
        if (!IsText(name) || !IsText(value)) Malformed ??= IsText(name) ? name : "?";
        if (name == "resource")
        {
            if (value.Length > 0) (resources ??= []).Add(value);
            return;
        }

        if (values.TryAdd(name, value)) return;
        repeated ??= [];
        if (!repeated.Contains(name)) repeated.Add(name);
        if (values[name].Length == 0) values[name] = value;
    }

    /// <summary>
    /// The parameters of an authorization request's query (RFC 6749 §4.1.1), decoded once; state stays encoded, because it goes
    /// back octet by octet (<see cref="OpaqueState"/>).
    /// </summary>
    /// <param name="query">As it came, with or without its question mark.</param>
    public static Parameters OfQuery(string query) =>
        new(query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair =>
        {
            var equals = pair.IndexOf('=');
            var name = FormDecode(equals < 0 ? pair : pair[..equals]);
            var value = equals < 0 ? "" : pair[(equals + 1)..];
            return (name, name == "state" ? OpaqueState.Sanitize(value) : FormDecode(value));
        }));

    /// <summary>The value, or null when absent or empty.</summary>
    public string? this[string name] => values.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    /// <summary>Every name that has a value, with its first; resource apart.</summary>
    public IEnumerable<KeyValuePair<string, string>> All => values.Where(pair => pair.Value.Length > 0);

    /// <summary>All resource values (RFC 8707 §2), in order.</summary>
    public IReadOnlyList<string> Resources => resources ?? (IReadOnlyList<string>)[];

    /// <summary>A parameter that came more than once, or null.</summary>
    public string? Repeated => repeated?[0];

    /// <summary>A parameter holding NUL, a lone surrogate or octets that are no UTF-8, or null.</summary>
    public string? Malformed { get; private set; }

    /// <summary>Whether this very parameter came more than once.</summary>
    public bool IsRepeated(string name) => repeated?.Contains(name) is true;

    /// <summary>The refusal of what no endpoint takes, or null.</summary>
    public OAuthError? Problem() =>
        Repeated is { } twice
            ? OAuthError.InvalidRequest("A parameter is repeated", $"parameter {twice} came more than once", "RFC 6749 §3.2",
                "each parameter once", twice)
        : Malformed is { } bad
            ? OAuthError.InvalidRequest("A parameter is malformed", $"parameter {bad} holds NUL or is not UTF-8", "RFC 6749 App. B",
                "UTF-8 text without NUL", bad)
        : null;

    /// <summary>One name or value of a form (RFC 6749 App. B): plus is a space.</summary>
    internal static string FormDecode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    // A decoder writes U+FFFD for octets that are no UTF-8; two different wrong secrets must not become the same text.
    private static bool IsText(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is '\0' or '\uFFFD') return false;
            if (!char.IsSurrogate(text[i])) continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1])) return false;
            i++;
        }

        return true;
    }
}
