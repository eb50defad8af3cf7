"""Ordinary values of many kinds: a pattern that matches many of them says nothing."""

SAMPLE = (
    "blue", "red", "green", "shipped", "pending", "cancelled", "open", "closed", "true", "false", "yes", "no", "low",
    "medium", "high", "north", "south", "east", "west", "Chrome", "Safari", "Firefox", "Windows", "Linux", "monday",
    "tuesday", "enero", "fevereiro", "retail", "wholesale", "basic", "premium", "gold", "silver", "cash", "transfer",
    "small", "large", "kg", "unit", "each", "none", "Ana Souza", "John Smith", "María García López", "Acme Ltd",
    "Banco do Brasil", "Lucas Oliveira", "Grace Hopper", "Distribuidora San José", "São Paulo", "Buenos Aires",
    "New York", "Bogotá", "Lisboa", "Madrid, Spain", "12 High Street", "Rua das Flores 45", "Calle 8 # 12-34",
    "The parcel arrived two days late.", "Customer asked for a refund", "Não gostei da cor",
    "Llamar mañana por la tarde", "See ticket for details", "ok", "good product, fast delivery",
    "Version 2.4.1 fixed it", "pays on the 15th of each month", "12.50", "1,234.00", "0.5", "1.234,56", "99", "-3.2",
    "R$ 45,90", "$1,000", "17", "250000", "3.14159", "1e-05", "0", "1", "42", "88.1%", "1000", "2048", "2026-11-22",
    "22/11/2026", "2026-11-22T10:15:00Z", "20261122", "11/22/26", "2024", "1999", "10:45", "2025-01", "Nov 3, 2025",
    "51", "29", "504", "766", "1791", "2186", "80239", "22337", "483452", "711097", "1973060", "9513358", "38816302",
    "15032582", "192285142", "565623510", "2796035739", "2033639716", "68201304782", "25313507023", "348882401373",
    "789903285048", "7977541769973", "1816993325456", "SKU-48213", "INV-2026-00123", "ORD000482", "A1B2C3",
    "XK-99-04", "ISBN 978-3-16-148410-0", "PRD/2026/14", "v2.4.1", "rev-7", "TX9", "B-204", "LOT 88120",
    "ticket #4821", "GTIN 4006381333931", "00012", "#1f77b4", "https://example.org/a/b?id=42", "www.example.org",
    "10.0.0.12", "550e8400-e29b-41d4-a716-446655440000", "d41d8cd98f00b204e9800998ecf8427e", "/var/log/app.log",
    "user_agent", "application/json", "utf-8", "pt_BR", "BR", "USD", "en-US", "0x1F", "SELECT 1", "a@example.org",
    "00:1B:44:11:3A:B7", "+55 11 98765-4321", "(212) 555-0123", "612 345 678", "4111 1111 1111 1111",
    "GB82 WEST 1234 5698 7654 32", "529.982.247-25",
)  # fmt: skip
