select id as customer_id, lower(mail) as mail from {{ source('shop', 'raw_customers') }}
