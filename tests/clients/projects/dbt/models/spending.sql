select c.customer_id, sum(o.amount) as total
from {{ ref('stg_customers') }} as c
join {{ source('shop', 'raw_orders') }} as o on o.customer_id = c.customer_id
group by c.customer_id
