from odoo.addons.cnas_base.models.ir_actions_report import DESSINES

DESSINES.update({
    "cnas_feuilles_soin.accuse_depot": "_pdf_accuse",
    "cnas_feuilles_soin.demande_pieces": "_pdf_demande",
    "cnas_feuilles_soin.notification_rejet": "_pdf_rejet",
    "cnas_feuilles_soin.bordereau_transmission": "_pdf",
    "cnas_feuilles_soin.boite_archive_etiquette": "_pdf",
})
