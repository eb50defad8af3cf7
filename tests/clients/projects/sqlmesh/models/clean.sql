MODEL (name demo.clean, kind FULL);
SELECT id, LOWER(mail) AS mail FROM demo.raw_customers
