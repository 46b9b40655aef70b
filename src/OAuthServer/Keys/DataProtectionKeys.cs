using System.Security.Cryptography;
using System.Xml;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using OAuthServer.Stores.Keys;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Keys;

/// <summary>Data Protection's keys in PostgreSQL, so that every server opens what another one closed and a restart ends nothing.</summary>
public sealed class DataProtectionKeys(DataProtectionKeyStore store, UnreadableRows unreadable) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        var (elements, closed) = (new List<XElement>(), new List<string>());
        foreach (var row in store.List())
            if (Read(row.Xml) is { } element) elements.Add(element);
            else closed.Add(row.Id);
        unreadable.Report("data_protection_keys", closed);
        return elements;
    }

    public void StoreElement(XElement element, string friendlyName) => store.Add(
        friendlyName, element.ToString(SaveOptions.DisableFormatting));

    // Only what Data Protection itself would take as a key; of anything else it would make a fault of all keys.
    private static XElement? Read(string xml)
    {
        try
        {
            var element = XElement.Parse(xml);
            return element.Name.LocalName == "key" && Guid.TryParse((string?)element.Attribute("id"), out _) ? element : null;
        }
        catch (XmlException)
        {
            return null;
        }
    }
}

/// <summary>Seals the secret part of a Data Protection key under the key-encryption key.</summary>
public sealed class DataProtectionSeal(KeyEncryption encryption) : IXmlEncryptor
{
    public EncryptedXmlInfo Encrypt(XElement plaintextElement) =>
        new(new XElement("sealed",
            Convert.ToBase64String(encryption
            .Seal(System.Text.Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting))))),
            typeof(DataProtectionUnseal));

    /// <summary>
    /// A stored key element with its secret part sealed anew; null when <see cref="KeyEncryption.Reseal"/> leaves it as it is. Throws
    /// CryptographicException for what neither key opens, and for what is no such element.
    /// </summary>
    public static string? Reseal(string xml, KeyEncryption encryption)
    {
        try
        {
            var element = XElement.Parse(xml);
            var box = element.Descendants("sealed").Single();
            if (encryption.Reseal(Convert.FromBase64String(box.Value)) is not { } resealed) return null;
            box.Value = Convert.ToBase64String(resealed);
            return element.ToString(SaveOptions.DisableFormatting);
        }
        catch (Exception fault) when (fault is XmlException or InvalidOperationException or FormatException)
        {
            throw new CryptographicException("no key element", fault);
        }
    }
}

/// <summary>Opens what <see cref="DataProtectionSeal"/> closed. Data Protection makes it by name.</summary>
public sealed class DataProtectionUnseal(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement) =>
        XElement.Parse(System.Text.Encoding.UTF8
            .GetString(services.GetRequiredService<KeyEncryption>().Unseal(Convert.FromBase64String(encryptedElement.Value))));
}
