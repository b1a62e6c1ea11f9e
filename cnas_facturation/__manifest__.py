{
    "name": "CNAS — Facturation",
    "summary": "Facture mensuelle, décompte figé, ordonnancement, paiement, contestation",
    "version": "17.0.1.0.0",
    "category": "CNAS",
    "author": "Caisse Nationale d'Assurance Santé",
    "website": "https://github.com/cnas-tchad/cnas",
    "license": "LGPL-3",
    "depends": ["cnas_feuilles_soin"],
    "external_dependencies": {"python": ["reportlab", "openpyxl", "num2words"]},
    "data": [
        "security/ir.model.access.csv",
        "security/cnas_facturation_security.xml",
        "data/ir_sequence_data.xml",
        "data/parametre_facturation_data.xml",
    ],
    "demo": [],
}
