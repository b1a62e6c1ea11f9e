from odoo.addons.cnas_base.models.ir_actions_report import DESSINES

DESSINES.update({
    "cnas_assures.rapport_carte": "_pdf",
    "cnas_assures.rapport_attestation": "_pdf",
    "cnas_assures.rapport_famille": "_pdf_famille",
})
