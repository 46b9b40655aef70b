using System.ComponentModel.DataAnnotations;

namespace OAuthServer.Protocol;

/// <content>Device authorization (RFC 8628).</content>
public sealed partial record Settings
{
    /// <summary>Seconds a person has to type a device's code and to decide, 60 to 1800 (RFC 8628 §3.2).</summary>
    [Range(60, 1800)] public int DeviceSeconds { get; init; } = 600;

    /// <summary>Seconds a device waits between two polls, 1 to 60; one that polls more often waits longer.</summary>
    [Range(1, 60)] public int DeviceInterval { get; init; } = 5;
}
