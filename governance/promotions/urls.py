from typing import Any

from django.urls import path

from governance.promotions import api as rest
from governance.promotions import views

KEY = "promotions/<str:key>"
PAGE = "approvals/<str:key>"

api: list[Any] = [
    path("promotions", rest.Promotions.as_view(), name="promotions.list"),
    path(KEY, rest.OnePromotion.as_view(), name="promotions.show"),
    path(f"{KEY}/evidence", rest.Evidence.as_view(), name="promotions.evidence"),
    path(f"{KEY}/signatures", rest.Signatures.as_view(), name="promotions.signatures"),
    path(f"{KEY}/decisions", rest.Decisions.as_view(), name="promotions.decisions"),
    path(f"{KEY}/withdraw", rest.Withdraw.as_view(), name="promotions.withdraw"),
    path(f"{KEY}/resubmit", rest.Resubmit.as_view(), name="promotions.resubmit"),
    path(f"{KEY}/rollback", rest.RollBack.as_view(), name="promotions.rollback"),
    path(f"{KEY}/put-back", rest.PutBack.as_view(), name="promotions.put_back"),
    path(f"{KEY}/retry", rest.Retry.as_view(), name="promotions.retry"),
]
pages: list[Any] = [
    path("approvals", views.inbox, name="promotions.inbox"),
    path(PAGE, views.decision_page, name="promotions.page"),
    path(f"{PAGE}/decide", views.decide, name="promotions.page_decide"),
    path(f"{PAGE}/withdraw", views.withdraw, name="promotions.page_withdraw"),
    path(f"{PAGE}/resubmit", views.resubmit, name="promotions.page_resubmit"),
    path(f"{PAGE}/rollback", views.roll_back, name="promotions.page_rollback"),
    path(f"{PAGE}/put-back", views.put_back, name="promotions.page_put_back"),
    path(f"{PAGE}/retry", views.retry, name="promotions.page_retry"),
    path(f"{PAGE}/receipt/<uuid:decision>", views.receipt, name="promotions.receipt"),
    path("models/<uuid:model>/versions/<uuid:version>/promote", views.promote, name="promotions.promote"),
]
