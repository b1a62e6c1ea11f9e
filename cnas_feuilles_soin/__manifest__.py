{
    "name": "CNAS — Feuilles de soins",
    "summary": "Dossier numérique, tri, files, contrôle par règles et liquidation par lots",
    "version": "17.0.1.0.0",
    "category": "CNAS",
    "author": "Caisse Nationale d'Assurance Santé",
    "website": "https://github.com/cnas-tchad/cnas",
    "license": "LGPL-3",
    "depends": ["cnas_assures", "cnas_formations", "cnas_referentiels", "spreadsheet_dashboard"],
    "external_dependencies": {"python": ["reportlab", "openpyxl"]},
    "data": [
        "security/ir.model.access.csv",
        "security/feuille_soin_security.xml",
        "views/feuille_soin_views.xml",
        "views/entente_prealable_views.xml",
        "views/menus.xml",
    ],
    "demo": [],
}
