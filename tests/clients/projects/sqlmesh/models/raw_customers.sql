MODEL (name demo.raw_customers, kind SEED (path '../seeds/customers.csv'), columns (id INT, name TEXT, mail TEXT));
